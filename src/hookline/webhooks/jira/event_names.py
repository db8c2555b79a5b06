"""Jira's events that Hookline knows and leaves alone.

Source: the lists of webhook events of Jira Cloud and Jira Data Center (developer.atlassian.com).
"""

ISSUE_EVENTS_UNUSED = frozenset(
    {
        "attachment_created",
        "attachment_deleted",
        "issue_property_deleted",
        "issue_property_set",
        "issuelink_created",
        "issuelink_deleted",
        "issuetype_created",
        "issuetype_deleted",
        "issuetype_updated",
        "jira:worklog_updated",
        "worklog_created",
        "worklog_deleted",
        "worklog_updated",
    }
)

PROJECT_EVENTS_UNUSED = frozenset(
    {
        "jira:version_created",
        "jira:version_deleted",
        "jira:version_merged",
        "jira:version_moved",
        "jira:version_released",
        "jira:version_unreleased",
        "jira:version_updated",
        "project_archived",
        "project_created",
        "project_deleted",
        "project_restored_archived",
        "project_restored_deleted",
        "project_soft_deleted",
        "project_updated",
    }
)

PLANNING_EVENTS_UNUSED = frozenset(
    {
        "board_configuration_changed",
        "board_created",
        "board_deleted",
        "board_updated",
        "filter_created",
        "filter_deleted",
        "filter_updated",
        "sprint_closed",
        "sprint_created",
        "sprint_deleted",
        "sprint_started",
        "sprint_updated",
    }
)

SITE_EVENTS_UNUSED = frozenset(
    {
        "app_access_to_objects_blocked",
        "app_access_to_objects_in_container_blocked",
        "jira_expression_evaluation_failed",
        "option_attachments_changed",
        "option_issuelinks_changed",
        "option_subtasks_changed",
        "option_timetracking_changed",
        "option_timetracking_provider_changed",
        "option_unassigned_issues_changed",
        "option_voting_changed",
        "option_watching_changed",
        "user_created",
        "user_deleted",
        "user_updated",
    }
)

UNUSED_EVENTS = ISSUE_EVENTS_UNUSED | PROJECT_EVENTS_UNUSED | PLANNING_EVENTS_UNUSED | SITE_EVENTS_UNUSED
"""Values of `webhookEvent` that are documented and start nothing."""
