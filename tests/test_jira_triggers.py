"""Labels, assignments and states of Jira that ask by rule."""

import pytest

from hookline.domain.command import Verb
from hookline.domain.outcome import (
    Ignored,
    Reason,
    TaskRequested,
    Trigger,
)
from jira_deliveries import ALL, BOT, OURS, change, jira, outcome_of, update


class TestLabels:
    def test_an_added_label_asks_by_rule(self) -> None:
        outcome = outcome_of("issue_updated__labelled", *ALL)
        assert isinstance(outcome, TaskRequested)
        assert outcome.trigger is Trigger.LABEL
        assert (outcome.command.verb, outcome.command.text) == (Verb.FIX, "fix what the ticket describes")
        assert outcome.facts.origin == "jira:10042:label"
        assert outcome.keys[-1] == "jira:subject:issue/10042/change/11500"

    def test_without_a_rule_for_labels_it_is_ignored(self) -> None:
        outcome = outcome_of("issue_updated__labelled")
        assert isinstance(outcome, Ignored)
        assert (outcome.reason, outcome.detail) == (Reason.NO_RULE, "label")

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("agent-fix flaky", "agent-fix"),
            ("agent-fix", "agent-fix flaky"),
            ("agent-fix", ""),
            ("agent-fix", None),
        ],
    )
    def test_labels_that_stay_or_go_ask_for_nothing(self, before: str, after: str | None) -> None:
        outcome = jira.read(update(change("labels", before, after), labels=["agent-fix"]), *ALL)
        assert isinstance(outcome, Ignored)

    def test_each_added_label_is_put_to_the_rules(self) -> None:
        outcome = jira.read(update(change("labels", None, "a agent-fix z")), *ALL)
        assert isinstance(outcome, TaskRequested)
        assert outcome.plan.rule == "labels"

    def test_a_label_added_by_a_customer_asks_for_nothing(self) -> None:
        payload = jira.fixture_json("issue_updated__labelled")
        payload["user"]["accountType"] = "customer"
        outcome = jira.read(payload, *ALL)
        assert isinstance(outcome, Ignored)
        assert (outcome.reason, outcome.detail) == (Reason.NOT_ALLOWED, "labels")

    def test_the_refusal_that_says_most_is_told(self) -> None:
        payload = update(change("labels", "", "other agent-fix"))
        payload["user"]["accountType"] = "customer"
        outcome = jira.read(payload, *ALL)
        assert isinstance(outcome, Ignored)
        assert (outcome.reason, outcome.detail) == (Reason.NOT_ALLOWED, "labels")

    def test_a_field_is_known_by_its_id_whatever_it_is_called(self) -> None:
        outcome = jira.read(update(change("Stichwort", "", "agent-fix", fieldId="labels")), *ALL)
        assert isinstance(outcome, TaskRequested)

    def test_a_label_added_by_an_automation_asks_for_nothing(self) -> None:
        payload = jira.fixture_json("issue_updated__labelled")
        payload["user"]["accountType"] = "app"
        outcome = jira.read(payload, *ALL)
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.BOT

    def test_a_custom_field_of_that_name_is_another_field(self) -> None:
        custom = change("labels", "", "agent-fix", fieldtype="custom")
        by_id = custom | {"fieldId": "customfield_10010"}
        for item in (custom, by_id):
            assert isinstance(jira.read(update(item), *ALL), Ignored)

    def test_an_endless_list_of_labels_is_cut(self) -> None:
        many = " ".join(f"l{number}" for number in range(100_000)) + " agent-fix"
        outcome = jira.read(update(change("labels", "", many)), *ALL)
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.NO_RULE


class TestAssignments:
    @pytest.mark.parametrize(
        "name",
        [
            "issue_updated__assigned",
            "issue_updated__assigned_data_center",
            "issue_updated__assigned_without_changelog",
        ],
    )
    def test_assigning_us_asks_by_rule(self, name: str) -> None:
        outcome = outcome_of(name, *ALL)
        assert isinstance(outcome, TaskRequested)
        assert outcome.trigger is Trigger.ASSIGNMENT
        assert (outcome.command.verb, outcome.command.text) == (Verb.PLAN, outcome.facts.title)
        assert outcome.facts.origin is not None
        assert outcome.facts.origin.endswith(":assignee")

    def test_the_key_is_enough_where_the_display_name_differs(self) -> None:
        item = change("assignee", None, "Somebody", to="old-key", tmpToAccountId=BOT)
        assert isinstance(jira.read(update(item), *ALL, bot_names=OURS), TaskRequested)

    @pytest.mark.parametrize(
        "item",
        [
            change("assignee", None, BOT, to="kim"),
            change("assignee", BOT, None, **{"from": BOT, "to": None}),
            change("reporter", None, "Hookline", to=BOT),
        ],
    )
    def test_assigning_others_asks_for_nothing(self, item: dict) -> None:
        payload = update(item, assignee={"accountId": BOT}) | {"issue_event_type_name": "issue_assigned"}
        outcome = jira.read(payload, *ALL, bot_names=OURS)
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.ACTION_NOT_USED

    def test_without_names_of_ours_no_assignment_asks(self) -> None:
        outcome = jira.read(jira.fixture_json("issue_updated__assigned"), *ALL)
        assert isinstance(outcome, Ignored)
        assert (outcome.reason, outcome.detail) == (Reason.ACTION_NOT_USED, "assignee")


class TestStates:
    def test_a_new_state_asks_by_rule(self) -> None:
        outcome = outcome_of("issue_updated__status", *ALL)
        assert isinstance(outcome, TaskRequested)
        assert (outcome.trigger, outcome.command.verb) == (Trigger.STATUS, Verb.IMPLEMENT)
        assert outcome.facts.origin == "jira:10042:status"

    def test_another_state_asks_for_nothing(self) -> None:
        outcome = jira.read(update(change("status", "Ready for agent", "Done")), *ALL)
        assert isinstance(outcome, Ignored)
        assert (outcome.reason, outcome.detail) == (Reason.NO_RULE, "status")
