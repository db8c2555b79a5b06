"""Issues of Jira: creation, descriptions, deletion, and updates that ask for nothing."""

import pytest

from hookline.domain.command import Verb
from hookline.domain.outcome import (
    ControlRequested,
    Ignored,
    Reason,
    TaskRequested,
    Trigger,
    Withdraw,
    Withdrawal,
)
from hookline.domain.rules import Match, Rule
from jira_deliveries import ALL, BOT, FOR_KIM, MIA, OURS, change, jira, outcome_of, update


class TestCreation:
    def test_a_mention_in_the_description_becomes_a_task(self) -> None:
        outcome = outcome_of("issue_created__mention")
        assert isinstance(outcome, TaskRequested)
        assert (outcome.command.verb, outcome.command.text) == (Verb.PLAN, "a fix")
        assert outcome.trigger is Trigger.MENTION
        assert not outcome.revises
        assert outcome.facts.origin == "jira:10042:issue"
        assert outcome.facts.url == "https://jira.example.com/browse/SHOP-7"
        assert outcome.facts.action == "issue_created"
        assert outcome.keys[-1] == "jira:subject:issue/10042/created"

    def test_a_description_without_a_mention_asks_for_nothing(self) -> None:
        payload = jira.fixture_json("issue_created__mention")
        payload["issue"]["fields"] |= {"description": None, "labels": None}
        outcome = jira.read(payload)
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.NO_COMMAND

    def test_without_a_user_the_creator_asks(self) -> None:
        payload = jira.fixture_json("issue_created__mention")
        del payload["user"]
        outcome = jira.read(payload)
        assert isinstance(outcome, TaskRequested)
        assert outcome.facts.actor is not None
        assert outcome.facts.actor.id == MIA

    def test_labels_it_was_made_with_count(self) -> None:
        payload = jira.fixture_json("issue_created__mention")
        payload["issue"]["fields"] |= {"description": "no words", "labels": ["flaky", "agent-fix"]}
        outcome = jira.read(payload, *ALL)
        assert isinstance(outcome, TaskRequested)
        assert (outcome.trigger, outcome.plan.rule) == (Trigger.LABEL, "labels")

    def test_an_assignee_it_was_made_with_counts(self) -> None:
        payload = jira.fixture_json("issue_created__mention")
        payload["issue"]["fields"] |= {"description": "no words", "assignee": {"accountId": BOT}}
        outcome = jira.read(payload, *ALL, bot_names=OURS)
        assert isinstance(outcome, TaskRequested)
        assert outcome.trigger is Trigger.ASSIGNMENT

    def test_words_come_before_labels(self) -> None:
        payload = jira.fixture_json("issue_created__mention")
        payload["issue"]["fields"]["labels"] = ["agent-fix"]
        outcome = jira.read(payload, *ALL)
        assert isinstance(outcome, TaskRequested)
        assert outcome.trigger is Trigger.MENTION


class TestDescription:
    def test_an_edit_with_a_command_revises(self) -> None:
        outcome = outcome_of("issue_updated__description")
        assert isinstance(outcome, TaskRequested)
        assert outcome.revises
        assert (outcome.command.verb, outcome.command.text) == (Verb.FIX, "it")
        assert outcome.facts.origin == "jira:10042:issue"
        assert outcome.keys[-1] == "jira:subject:issue/10042/change/11504"

    def test_an_edit_without_a_command_withdraws(self) -> None:
        outcome = jira.read(update(change("description", "@agent fix", "fine"), description="fine"))
        assert isinstance(outcome, ControlRequested)
        assert outcome.control == Withdraw("jira:10042:issue", Withdrawal.COMMAND_REMOVED)

    def test_the_changelog_serves_where_the_issue_lacks_the_text(self) -> None:
        outcome = jira.read(update(change("description", "", "@agent fix it"), description=None))
        assert isinstance(outcome, TaskRequested)

    def test_a_description_that_was_not_edited_is_not_read_again(self) -> None:
        outcome = jira.read(update(change("summary", "a", "b"), description="@agent fix it"))
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.ACTION_NOT_USED

    def test_a_refused_edit_says_who_refused(self) -> None:
        payload = jira.fixture_json("issue_updated__description")
        payload["user"]["accountType"] = "customer"
        outcome = jira.read(payload)
        assert isinstance(outcome, Ignored)
        assert (outcome.reason, outcome.detail) == (Reason.NOT_ALLOWED, "mentions")

    def test_a_label_added_in_the_same_edit_wins_over_a_withdrawal(self) -> None:
        items = (change("description", "x", "y"), change("labels", "", "agent-fix"))
        outcome = jira.read(update(*items, description="y"), *ALL)
        assert isinstance(outcome, TaskRequested)
        assert outcome.trigger is Trigger.LABEL

    def test_a_withdrawal_wins_over_a_refused_label(self) -> None:
        items = (change("description", "x", "y"), change("labels", "", "other"))
        outcome = jira.read(update(*items, description="y"), *ALL)
        assert isinstance(outcome, ControlRequested)

    def test_a_deleted_issue_withdraws_its_description(self) -> None:
        outcome = outcome_of("issue_deleted__cloud")
        assert isinstance(outcome, ControlRequested)
        assert outcome.control == Withdraw("jira:10042:issue", Withdrawal.DELETED)


class TestOtherUpdates:
    def test_other_fields_ask_for_nothing_and_are_named(self) -> None:
        outcome = outcome_of("issue_updated__summary", *ALL)
        assert isinstance(outcome, Ignored)
        assert (outcome.reason, outcome.detail) == (Reason.ACTION_NOT_USED, "summary")

    @pytest.mark.parametrize("changelog", [None, {}, {"items": None}, {"id": 5, "items": [{}]}])
    def test_an_update_that_names_no_change_asks_for_nothing(self, changelog: dict | None) -> None:
        payload = update(assignee={"accountId": BOT}) | {"changelog": changelog}
        outcome = jira.read(payload, *ALL, bot_names=OURS)
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.ACTION_NOT_USED

    def test_a_comment_made_during_a_transition_asks(self) -> None:
        outcome = outcome_of("issue_updated__transition_with_comment", FOR_KIM)
        assert isinstance(outcome, TaskRequested)
        assert outcome.command.verb is Verb.REVIEW
        assert outcome.facts.origin == "jira:20100:comment/30500"

    def test_a_transition_asks_where_its_comment_does_not(self) -> None:
        payload = jira.fixture_json("issue_updated__transition_with_comment")
        payload["comment"]["body"] = "done"
        rule = Rule(name="r", match=Match(trigger=frozenset({"status"})), allow=FOR_KIM.allow)
        outcome = jira.read(payload, rule)
        assert isinstance(outcome, TaskRequested)
        assert outcome.trigger is Trigger.STATUS

    def test_when_neither_asks_the_comment_is_the_reason(self) -> None:
        payload = jira.fixture_json("issue_updated__transition_with_comment")
        payload["comment"]["body"] = "done"
        outcome = jira.read(payload)
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.NO_COMMAND

    @pytest.mark.parametrize(
        ("updated", "revises"), [("2026-03-01T11:57:00.000+0000", False), (None, False), ("later", True)]
    )
    def test_an_update_with_only_a_comment_is_new_or_edited_by_its_times(
        self, updated: str | None, revises: bool
    ) -> None:
        payload = jira.fixture_json("issue_updated__commented_data_center")
        del payload["issue_event_type_name"]
        payload["comment"]["updated"] = updated
        outcome = jira.read(payload, FOR_KIM)
        assert isinstance(outcome, TaskRequested)
        assert (outcome.revises is not None) is revises

    def test_versions_fall_back_to_the_time_of_the_update(self) -> None:
        payload = jira.fixture_json("issue_updated__labelled")
        del payload["changelog"]["id"]
        first = jira.read(payload, *ALL)
        payload["issue"]["fields"]["updated"] = "2026-03-02T00:00:00.000+0000"
        second = jira.read(payload, *ALL)
        assert isinstance(first, TaskRequested)
        assert isinstance(second, TaskRequested)
        assert first.keys[-1] != second.keys[-1]
