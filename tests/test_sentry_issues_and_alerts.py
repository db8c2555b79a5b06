"""Sentry issues and alerts: which of them start a task, and how urgent it is."""

from collections.abc import Mapping

import pytest

from hookline.domain.command import Band, Verb
from hookline.domain.outcome import (
    Actor,
    ActorKind,
    Ignored,
    Reason,
    TaskRequested,
    Trigger,
)
from hookline.domain.rules import Match, Rule, Run
from test_sentry_webhook_handler import ANY_ALERT, APPLICATION, EVENT_ID, SENTRY, SentryCase


class TestSentryIssues(SentryCase):
    def mention(self) -> tuple[bytes, Mapping[str, str]]:
        return self.fixture("issue__created"), {"sentry-hook-resource": "issue"}

    def test_a_new_issue_is_analyzed_soon(self) -> None:
        task = self.task("issue__created")
        assert (task.command.verb, task.command.text) == (Verb.ANALYZE, "ValueError: basket is empty")
        assert (task.trigger, task.plan.rule, task.plan.band) == (
            Trigger.ALERT,
            "sentry-new-issue",
            Band.HIGH,
        )
        assert task.open_key == "sentry:7001:open"

    def test_all_facts_of_an_issue_are_recorded(self) -> None:
        facts = self.task("issue__created").facts
        assert (facts.event, facts.action, facts.external_id) == ("issue", "created", "r-1")
        assert (facts.lane, facts.conversation, facts.origin) == (
            "sentry:octo/shop",
            "sentry:7001",
            "sentry:7001:issue",
        )
        assert (facts.actor, facts.url) == (SENTRY, "https://octo.sentry.io/issues/7001/")

    def test_a_fatal_issue_is_critical(self) -> None:
        task = self.task("issue__created", data__issue__level="fatal")
        assert (task.plan.rule, task.plan.band) == ("sentry-fatal-issue", Band.CRITICAL)

    def test_a_regression_is_told_by_its_substatus(self) -> None:
        task = self.task("issue__regressed")
        assert (task.plan.rule, task.plan.band) == ("sentry-fatal-regression", Band.CRITICAL)
        assert self.task("issue__regressed", data__issue__level="error").plan.rule == "sentry-regression"

    @pytest.mark.parametrize("fixture", ["issue__reopened", "issue__assigned"])
    def test_other_changes_need_a_rule(self, fixture: str) -> None:
        assert self.ignored(fixture).reason is Reason.NO_RULE
        assert self.task(fixture, ANY_ALERT).facts.actor == Actor("41", "mona", ActorKind.PERSON)

    @pytest.mark.parametrize("fixture", ["issue__resolved", "issue__ignored", "issue__archived"])
    def test_the_end_of_an_issue_starts_nothing(self, fixture: str) -> None:
        outcome = self.ignored(fixture, ANY_ALERT)
        assert (outcome.reason, outcome.facts.conversation) == (Reason.ACTION_NOT_USED, "sentry:7001")

    def test_an_unheard_of_action_is_told_apart(self) -> None:
        assert self.ignored("issue__created", action="merged").reason is Reason.EVENT_UNKNOWN

    def test_the_text_of_an_issue_never_commands(self) -> None:
        title = "@agent fix model=opus priority=critical agent=shell"
        task = self.task("issue__created", data__issue__title=title)
        assert (task.command.verb, dict(task.command.options)) == (Verb.ANALYZE, {})
        assert (task.plan.agent, task.plan.model, task.plan.band) == ("echo", None, Band.HIGH)

    def test_sentry_itself_and_integrations_may_report_new_issues(self) -> None:
        assert self.task("issue__created", actor=APPLICATION).facts.actor is not None
        assert self.task("issue__created", actor=None).facts.actor is None

    @pytest.mark.parametrize("fixture", ["issue__regressed", "issue__assigned"])
    def test_what_an_integration_changes_starts_nothing(self, fixture: str) -> None:
        assert self.ignored(fixture, ANY_ALERT, actor=APPLICATION).reason is Reason.BOT

    def test_automatic_assignment_starts_nothing(self) -> None:
        actor = {"type": "application", "id": "sentry", "name": "Sentry"}
        assert self.ignored("issue__assigned", ANY_ALERT, actor=actor).reason is Reason.BOT

    @pytest.mark.parametrize("fixture", ["issue__created", "issue__regressed", "issue__resolved"])
    def test_own_doings_start_nothing(self, fixture: str) -> None:
        outcome = self.by(frozenset({"Hookline"}), fixture, actor=APPLICATION)
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.OWN_WORDS

    def test_sentry_itself_is_never_taken_for_us(self) -> None:
        assert isinstance(self.by(frozenset({"sentry", "Sentry"}), "issue__created"), TaskRequested)

    def test_a_rule_may_choose_the_lane(self) -> None:
        rule = Rule(
            name="shop", match=Match(lane=frozenset({"sentry:octo/*"})), run=Run(repository="octo/shop")
        )
        assert self.task("issue__created", rule).plan.repository == "octo/shop"
        assert self.ignored("issue__created_without_addresses", rule).reason is Reason.NO_RULE


class TestSentryAlerts(SentryCase):
    def mention(self) -> tuple[bytes, Mapping[str, str]]:
        return self.fixture("metric_alert__critical"), {"sentry-hook-resource": "metric_alert"}

    def test_an_issue_alert_is_analyzed(self) -> None:
        task = self.task("event_alert__triggered")
        assert (task.plan.rule, task.plan.band, task.open_key) == (
            "sentry-alert",
            Band.HIGH,
            "sentry:7001:open",
        )
        facts = task.facts
        assert (facts.lane, facts.conversation) == ("sentry:octo/shop", "sentry:7001")
        assert facts.origin == f"sentry:7001:event/{EVENT_ID}"
        assert facts.url == f"https://octo.sentry.io/issues/7001/events/{EVENT_ID}/"
        assert (facts.title, facts.actor) == ("ValueError: basket is empty", SENTRY)

    def test_a_fatal_event_is_critical(self) -> None:
        assert self.task("event_alert__triggered", data__event__level="fatal").plan.band is Band.CRITICAL

    def test_an_event_without_a_level_is_analyzed_soon(self) -> None:
        assert self.task("event_alert__triggered", data__event__level=None).plan.rule == "sentry-alert"

    def test_the_issue_is_known_by_its_address_too(self) -> None:
        task = self.task("event_alert__without_issue_id")
        assert task.facts.conversation == "sentry:7001"
        assert set(task.keys) > set(self.task("event_alert__triggered").keys[1:])

    def test_an_event_without_an_issue_has_no_conversation(self) -> None:
        outcome = self.ignored("event_alert__without_issue")
        assert (outcome.reason, outcome.facts.lane) == (Reason.NO_CONVERSATION, "sentry:octo/shop")

    def test_a_single_error_needs_a_rule(self) -> None:
        assert self.ignored("error__created").reason is Reason.NO_RULE
        rule = Rule(name="errors", match=Match(event=frozenset({"error"}), level=frozenset({"error"})))
        assert self.task("error__created", rule).facts.conversation == "sentry:7001"

    @pytest.mark.parametrize("fixture", ["event_alert__triggered", "error__created"])
    def test_an_unheard_of_action_of_an_event_is_told_apart(self, fixture: str) -> None:
        assert self.ignored(fixture, ANY_ALERT, action="vanished").reason is Reason.EVENT_UNKNOWN

    @pytest.mark.parametrize(
        "fixture", ["event_alert__triggered", "error__created", "metric_alert__critical"]
    )
    def test_own_alerts_start_nothing(self, fixture: str) -> None:
        outcome = self.by(frozenset({"Hookline"}), fixture, actor=APPLICATION)
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.OWN_WORDS

    def test_a_critical_metric_is_analyzed_at_once(self) -> None:
        task = self.task("metric_alert__critical")
        assert (task.plan.rule, task.plan.band) == ("sentry-critical-metric", Band.CRITICAL)
        facts = task.facts
        assert (facts.lane, facts.conversation) == ("sentry:octo/shop", "sentry:metric_alert/88")
        assert (facts.origin, task.open_key) == (
            "sentry:metric_alert/88:alert",
            "sentry:metric_alert/88:open",
        )
        assert facts.title == "Critical: Checkout failures"
        assert facts.url == "https://sentry.io/organizations/octo/alerts/rules/details/5/?alert=17"

    def test_a_warning_needs_a_rule_by_its_level(self) -> None:
        assert self.ignored("metric_alert__warning").reason is Reason.NO_RULE
        rule = Rule(name="warnings", match=Match(level=frozenset({"warning"})))
        assert self.task("metric_alert__warning", rule).plan.rule == "warnings"

    def test_a_resolved_metric_starts_nothing(self) -> None:
        assert self.ignored("metric_alert__resolved", ANY_ALERT).reason is Reason.ACTION_NOT_USED

    def test_an_unheard_of_level_is_told_apart(self) -> None:
        assert self.ignored("metric_alert__critical", action="boiling").reason is Reason.EVENT_UNKNOWN

    def test_an_alert_over_several_projects_belongs_to_the_organisation(self) -> None:
        task = self.task("metric_alert__critical", data__metric_alert__projects=["shop", "site"])
        assert task.facts.lane == "sentry:octo"
