"""Sentry comments: a person calls, a rule says what for."""

from collections.abc import Mapping

import pytest

from hookline.domain.command import Band, Verb
from hookline.domain.outcome import (
    Actor,
    ActorKind,
    ControlRequested,
    ConversationControl,
    Ignored,
    Reason,
    Trigger,
    Withdraw,
    Withdrawal,
)
from hookline.domain.rules import Allow, Match, Rule, Run
from test_sentry_webhook_handler import APPLICATION, INSTALLATION, SentryCase


class TestSentryComments(SentryCase):
    def mention(self) -> tuple[bytes, Mapping[str, str]]:
        return self.fixture("comment__mention"), {"sentry-hook-resource": "comment"}

    def test_a_mention_gets_the_verb_of_its_rule(self) -> None:
        rule = Rule(name="asks", match=Match(event=frozenset({"comment"})), run=Run(verb=Verb.PLAN))
        task = self.task("comment__mention", rule, data__comment="@agent fix it model=opus priority=critical")
        assert (task.command.verb, dict(task.command.options)) == (Verb.PLAN, {})
        assert (task.plan.model, task.plan.band, task.plan.dropped) == (None, Band.NORMAL, ())
        assert (task.trigger, task.revises) == (Trigger.MENTION, None)

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
        assert task.revises == "sentry:subject:comment/501"
        assert task.revises in self.task("comment__mention").keys
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
