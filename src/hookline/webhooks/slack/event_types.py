"""Events, subtypes and interactions that Slack documents and nothing here uses.

Whatever stands in none of these lists is unknown, and said to be. Sources: docs.slack.dev/reference/events,
docs.slack.dev/reference/interaction-payloads.
"""

_EVENTS = """
app_context_changed app_deleted app_home_opened app_installed app_requested app_uninstalled
app_uninstalled_team assistant_thread_context_changed assistant_thread_started bot_added bot_changed
call_rejected channel_archive channel_created channel_deleted channel_history_changed channel_id_changed
channel_joined channel_left channel_rename channel_shared channel_unarchive channel_unshared
dnd_updated dnd_updated_user email_domain_changed emoji_changed entity_details_requested
file_change file_comment_added file_comment_deleted file_comment_edited file_created file_deleted
file_public file_shared file_unshared function_executed grid_migration_finished grid_migration_started
group_archive group_close group_deleted group_history_changed group_left group_open group_rename
group_unarchive im_close im_created im_history_changed im_open invite_requested link_shared
member_joined_channel member_left_channel message_metadata_deleted message_metadata_posted
message_metadata_updated pin_added pin_removed reaction_added reaction_removed resources_added
resources_removed scope_denied scope_granted shared_channel_invite_accepted
shared_channel_invite_approved shared_channel_invite_declined shared_channel_invite_received
shared_channel_invite_requested star_added star_removed subteam_created subteam_members_changed
subteam_self_added subteam_self_removed subteam_updated team_access_granted team_access_revoked
team_domain_change team_join team_rename tokens_revoked url_verification user_change
user_huddle_changed user_profile_changed user_resource_denied user_resource_granted
user_resource_removed user_status_changed workflow_deleted workflow_published
workflow_step_deleted workflow_step_execute workflow_unpublished
"""
_SUBTYPES = """
assistant_app_thread bot_add bot_remove channel_archive channel_canvas_updated channel_convert_to_private
channel_convert_to_public channel_join channel_leave channel_name channel_posting_permissions
channel_purpose channel_topic channel_unarchive convo_updated document_comment_root document_mention
ekm_access_denied file_comment file_mention group_archive group_join group_leave group_name
group_purpose group_topic group_unarchive huddle_thread joiner_notification message_replied
pinned_item reminder_add reminder_delete reply_broadcast sh_room_created sh_room_shared
tombstone unpinned_item
"""
_INTERACTIONS = """
block_suggestion dialog_cancellation dialog_submission dialog_suggestion interactive_message
view_closed view_submission workflow_step_edit
"""

UNUSED_EVENTS = frozenset(_EVENTS.split())
"""Types of inner events."""

UNUSED_SUBTYPES = frozenset(_SUBTYPES.split())
"""Subtypes of `message` that nobody says: notices of joining, renaming and the like."""

UNUSED_INTERACTIONS = frozenset(_INTERACTIONS.split())
"""Types of `payload=` bodies."""
