"""Sentry: who is believed, what starts a task, and what a repetition is."""

import json
from collections.abc import Mapping
from hashlib import sha256

import pytest

from contracts.handler_contract import NOW, SECRET, HandlerContract, hex_hmac
from hookline.domain.command import Band, Verb
from hookline.domain.delivery import Accepted, Passed, Replied
from hookline.domain.errors import MalformedPayloadError, SignatureRejectedError
from hookline.domain.outcome import (
    Actor,
    ActorKind,
    ControlRequested,
    ConversationControl,
    Ignored,
    Outcome,
    Reason,
    Reply,
    TaskRequested,
    Trigger,
    Withdraw,
    Withdrawal,
)
from hookline.domain.policy import Policy
from hookline.domain.rules import Allow, Match, Rule, Run
from hookline.domain.source import Source
from hookline.domain.webhook import WebhookHandler
from hookline.webhooks.sentry_handler import NOT_USED, SentryHandler

INSTALLATION = "0b4f6c1e-8a52-4d7b-9f1c-2f6d3a7e5c10"
EVENT_ID = "3c9a5f0d7be84d0f8a1b2c3d4e5f6071"
SENTRY = Actor("sentry", "Sentry", ActorKind.APP)
APPLICATION = {"type": "application", "id": "9d2f4b60-1c1e-4c83-a6a2-0f8b1f4f2a77", "name": "Hookline"}
ANY_ALERT = Rule(name="any-alert", match=Match(trigger=frozenset({"alert"})), run=Run(verb=Verb.ANALYZE))


class SentryCase(HandlerContract):
    provider = "sentry"

    def build(self, source: Source, policy: Policy) -> WebhookHandler:
        return SentryHandler(source, policy, lambda: NOW)

    def sign(self, body: bytes, secret: bytes) -> dict[str, str]:
        return {"sentry-hook-signature": hex_hmac(secret, body)}

    @property
    def signature_header(self) -> str:
        return "sentry-hook-signature"

    def unknown_event(self) -> tuple[bytes, Mapping[str, str]]:
        return b'{"action":"rained","data":{"town":"Springfield"}}', {"sentry-hook-resource": "weather"}

    def on(self, fixture: str, *rules: Rule, **changes: object) -> Outcome:
        return self.send(fixture.partition("__")[0], self.changed(fixture, **changes), *rules)

    def send(self, resource: str, body: bytes, *rules: Rule) -> Outcome:
        return self.interpret(body, {"sentry-hook-resource": resource, "request-id": "r-1"}, *rules)

    def changed(self, fixture: str, **changes: object) -> bytes:
        """The fixture with fields replaced; a path is spelled with double underscores."""
        value = self.fixture_json(fixture)
        for path, replacement in changes.items():
            *parents, last = path.split("__")
            inner = value
            for parent in parents:
                inner = inner[parent]
            inner[last] = replacement
        return json.dumps(value).encode()

    def task(self, fixture: str, *rules: Rule, **changes: object) -> TaskRequested:
        outcome = self.on(fixture, *rules, **changes)
        assert isinstance(outcome, TaskRequested)
        return outcome

    def ignored(self, fixture: str, *rules: Rule, **changes: object) -> Ignored:
        outcome = self.on(fixture, *rules, **changes)
        assert isinstance(outcome, Ignored)
        return outcome

    def by(self, actor_names: frozenset[str], fixture: str, **changes: object) -> Outcome:
        body = self.changed(fixture, **changes)
        handler = self.handler(bot_names=actor_names)
        return handler.interpret(self.delivery(body, {"sentry-hook-resource": fixture.partition("__")[0]}))


class SentryDesk(SentryCase):
    def mention(self) -> tuple[bytes, Mapping[str, str]]:
        return self.fixture("event_alert__triggered"), {"sentry-hook-resource": "event_alert"}


desk = SentryDesk()


class TestSentryWebhookHandler(SentryDesk):
    pass


class TestSentryComments(SentryCase):
    def mention(self) -> tuple[bytes, Mapping[str, str]]:
        return self.fixture("comment__mention"), {"sentry-hook-resource": "comment"}

    def test_a_mention_gets_the_verb_of_its_rule(self) -> None:
        rule = Rule(name="asks", match=Match(event=frozenset({"comment"})), run=Run(verb=Verb.PLAN))
        task = self.task("comment__mention", rule, data__comment="@agent fix it model=opus priority=critical")
        assert (task.command.verb, dict(task.command.options)) == (Verb.PLAN, {})
        assert (task.plan.model, task.plan.band, task.plan.dropped) == (None, Band.NORMAL, ())
        assert (task.trigger, task.revises) == (Trigger.MENTION, False)

    def test_a_mention_asks_in_the_conversation_of_its_issue(self) -> None:
        facts = self.task("comment__mention").facts
        assert facts.conversation == "sentry:7001"
        assert facts.origin == "sentry:7001:comment/501"
        assert facts.lane == f"sentry:{INSTALLATION}/shop"
        assert facts.actor == Actor("41", "mona", ActorKind.PERSON)
        assert facts.title == "@agent what empties the basket here?"

    def test_a_person_does_not_wait_for_an_alert_of_the_same_issue(self) -> None:
        assert self.task("comment__mention").open_key is None

    def test_without_a_mention_nothing_starts(self) -> None:
        assert self.ignored("comment__plain").reason is Reason.NO_COMMAND

    def test_code_and_quotations_do_not_call(self) -> None:
        assert self.ignored("comment__in_code_and_quotes").reason is Reason.NO_COMMAND

    @pytest.mark.parametrize("text", ["mail me@agent.example", "@agents unite", "see @agent-smith", None, ""])
    def test_other_words_do_not_call(self, text: str | None) -> None:
        assert self.ignored("comment__mention", data__comment=text).reason is Reason.NO_COMMAND

    def test_an_edit_with_a_mention_revises(self) -> None:
        task = self.task("comment__updated")
        assert task.revises
        assert task.facts.origin == "sentry:7001:comment/501"

    def test_an_edit_at_the_same_time_is_another_version(self) -> None:
        first, second = (
            self.task("comment__updated"),
            self.task("comment__updated", data__comment="@agent no"),
        )
        assert not set(first.keys) & set(second.keys)

    def test_a_comment_sent_by_two_installations_is_one(self) -> None:
        first = self.task("comment__mention")
        second = self.task("comment__mention", installation__uuid="another")
        assert len(set(first.keys) & set(second.keys)) == 1

    @pytest.mark.parametrize(
        ("fixture", "why"),
        [
            ("comment__mention_removed", Withdrawal.COMMAND_REMOVED),
            ("comment__deleted", Withdrawal.DELETED),
        ],
    )
    def test_what_is_unsaid_is_withdrawn(self, fixture: str, why: Withdrawal) -> None:
        outcome = self.on(fixture)
        assert isinstance(outcome, ControlRequested)
        assert outcome.control == Withdraw("sentry:7001:comment/501", why)
        assert len(outcome.keys) == 2

    def test_applications_do_not_call(self) -> None:
        assert self.ignored("comment__mention", actor=APPLICATION).reason is Reason.BOT
        assert self.ignored("comment__deleted", actor=APPLICATION).reason is Reason.BOT

    @pytest.mark.parametrize("name", [APPLICATION["id"], APPLICATION["name"]])
    def test_own_comments_do_not_call(self, name: str) -> None:
        outcome = self.by(frozenset({name}), "comment__mention", actor=APPLICATION)
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.OWN_WORDS

    @pytest.mark.parametrize("actor", [None, {"type": "team", "id": 3, "name": "shop"}, {}])
    def test_only_people_may_call(self, actor: dict[str, str] | None) -> None:
        outcome = self.ignored("comment__mention", actor=actor)
        assert (outcome.reason, outcome.detail) == (Reason.NOT_ALLOWED, "mentions")

    def test_a_rule_may_name_who_may_call(self) -> None:
        rule = Rule(name="lisa-only", allow=Allow(users=frozenset({"42"})))
        assert self.ignored("comment__mention", rule).reason is Reason.NOT_ALLOWED
        assert self.task("comment__mention", rule, actor__id=42).plan.rule == "lisa-only"

    def test_a_comment_without_an_issue_has_no_conversation(self) -> None:
        assert self.ignored("comment__mention", data__issue_id=None).reason is Reason.NO_CONVERSATION

    def test_an_unheard_of_action_is_told_apart(self) -> None:
        outcome = self.ignored("comment__mention", action="pinned")
        assert (outcome.reason, outcome.detail) == (Reason.EVENT_UNKNOWN, "pinned")

    def test_a_rule_may_answer_with_a_control(self) -> None:
        rule = Rule(name="report", match=Match(event=frozenset({"comment"})), run=Run(verb=Verb.STATUS))
        outcome = self.on("comment__mention", rule)
        assert isinstance(outcome, ControlRequested)
        assert isinstance(outcome.control, ConversationControl)
        assert (outcome.control.verb, outcome.control.conversation) == (Verb.STATUS, "sentry:7001")
        assert outcome.rule == "report"


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


class TestSentryHandshakes:
    @pytest.mark.parametrize("fixture", ["installation__created", "installation__deleted"])
    def test_an_installation_is_greeted(self, fixture: str) -> None:
        outcome = desk.on(fixture)
        assert isinstance(outcome, Reply)
        assert (outcome.body, outcome.content_type) == (b'{"status":"ok"}', "application/json")
        assert (outcome.facts.event, outcome.facts.lane) == ("installation", "sentry:octo")

    def test_an_unheard_of_action_of_an_installation_is_told_apart(self) -> None:
        assert desk.ignored("installation__created", action="moved").reason is Reason.EVENT_UNKNOWN

    @pytest.mark.parametrize(
        ("fixture", "conversation", "lane"),
        [
            ("seer__root_cause_started", "sentry:7001", f"sentry:{INSTALLATION}"),
            ("activity_alert__triggered", "sentry:7001", "sentry:octo/shop"),
            ("preprod_artifact__size_completed", None, "sentry:octo/shop"),
        ],
    )
    def test_known_resources_without_use_are_recorded(
        self, fixture: str, conversation: str | None, lane: str
    ) -> None:
        outcome = desk.ignored(fixture, ANY_ALERT)
        assert outcome.reason is Reason.EVENT_NOT_USED
        assert (outcome.facts.conversation, outcome.facts.lane) == (conversation, lane)
        assert outcome.facts.actor == SENTRY

    @pytest.mark.parametrize("resource", [*sorted(NOT_USED), "weather"])
    @pytest.mark.parametrize("body", [b"{}", b'{"action":7,"data":[1]}', b'{"data":null,"actor":"me"}'])
    def test_resources_without_use_may_have_any_shape(self, resource: str, body: bytes) -> None:
        outcome = desk.send(resource, body)
        assert isinstance(outcome, Ignored)
        known = resource in NOT_USED
        assert outcome.reason is (Reason.EVENT_NOT_USED if known else Reason.EVENT_UNKNOWN)
        assert outcome.facts.event == resource

    def test_own_doings_are_named_even_without_use(self) -> None:
        outcome = desk.by(frozenset({"Hookline"}), "seer__root_cause_started", actor=APPLICATION)
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.OWN_WORDS

    def test_a_resource_must_be_named(self) -> None:
        body = desk.fixture("legacy_plugin__alert")
        for headers in ({}, {"sentry-hook-resource": ""}, {"sentry-hook-resource": " \t"}):
            with pytest.raises(MalformedPayloadError, match="Sentry-Hook-Resource"):
                desk.interpret(body, headers)

    def test_the_legacy_plugin_is_unsigned_and_rejected(self) -> None:
        delivery = desk.delivery(desk.fixture("legacy_plugin__alert"), {})
        del delivery.head.headers["sentry-hook-signature"]
        with pytest.raises(SignatureRejectedError, match="missing"):
            desk.handler().verify(delivery)

    def test_interface_calls_are_rejected(self) -> None:
        delivery = desk.delivery(b"{}", {"sentry-app-signature": hex_hmac(SECRET, b"{}")})
        del delivery.head.headers["sentry-hook-signature"]
        with pytest.raises(SignatureRejectedError, match="missing"):
            desk.handler().signature(delivery.head)

    def test_answers_are_the_standard_ones(self) -> None:
        facts, handler = desk.task("issue__created").facts, desk.handler()
        codes = [
            handler.acknowledge(facts, verdict).code
            for verdict in (Accepted("t1"), Passed("no_rule"), Replied(b"{}", "application/json"))
        ]
        assert codes == [202, 200, 200]

    def test_what_the_provider_sends_and_what_is_kept(self) -> None:
        handler = desk.handler()
        assert handler.content_types == {"application/json"}
        assert handler.kept_headers == {
            "sentry-hook-resource",
            "sentry-hook-timestamp",
            "request-id",
            "content-type",
            "user-agent",
        }

    def test_the_body_key_is_of_the_signed_bytes(self) -> None:
        task = desk.task("issue__created")
        body = desk.changed("issue__created")
        assert task.keys[0] == f"sentry:body:{sha256(body).hexdigest()}"
