from collections.abc import Callable

import pytest

from github_deliveries import OURS, changed, expect, interpret, load, on, reason, saying, task
from hookline.domain.command import Band, Option, Verb
from hookline.domain.outcome import (
    ControlRequested,
    ConversationControl,
    Ignored,
    Reason,
    TaskRequested,
    Trigger,
    Withdraw,
    Withdrawal,
)
from hookline.domain.rules import Allow

ISSUE, PULL, DISCUSSION = "github:octo/app#12", "github:octo/app#34", "github:octo/app@discussions/5"

MENTIONS = [
    ("issues__opened_with_mention", Verb.ANALYZE, ISSUE, "issue/12", "main"),
    ("issue_comment__mention", Verb.FIX, ISSUE, "comment/17", "main"),
    ("issue_comment__mention_on_pull_request", Verb.IMPROVE, PULL, "comment/17", "main"),
    ("pull_request__opened_with_mention", Verb.REVIEW, PULL, "pull_request/34", "release-2"),
    ("pull_request_review__submitted", Verb.FIX, PULL, "review/9", "release-2"),
    ("pull_request_review_comment__mention", Verb.IMPROVE, PULL, "review_comment/4", "release-2"),
    ("discussion__created_with_mention", Verb.PLAN, DISCUSSION, "discussion/5", "main"),
    ("discussion_comment__mention", Verb.ASK, DISCUSSION, "discussion_comment/6", "main"),
]


@pytest.mark.parametrize(("fixture", "verb", "conversation", "part", "base"), MENTIONS)
def test_a_mention_asks_where_it_was_written(
    fixture: str, verb: Verb, conversation: str, part: str, base: str
) -> None:
    asked = task(fixture)
    assert asked.trigger is Trigger.MENTION
    assert asked.command.verb is verb
    assert asked.facts.conversation == conversation
    assert asked.facts.origin == f"github:octo/app:{part}"
    assert asked.facts.lane == "github:octo/app"
    assert (asked.plan.repository, asked.plan.base) == ("octo/app", base)
    assert not asked.revises
    assert asked.joins is None


def test_the_facts_tell_who_where_and_about_what() -> None:
    facts = task("issue_comment__mention").facts
    assert (facts.event, facts.action) == ("issue_comment", "created")
    assert facts.actor is not None
    assert (facts.actor.id, facts.actor.name) == ("1001", "ada-octo")
    assert facts.url == "https://github.com/octo/app/issues/12#issuecomment-17"
    assert facts.title == "Login test fails on Mondays"


def test_options_reach_the_plan() -> None:
    asked = task("issue_comment__mention")
    assert asked.command.text == "the login test"
    assert asked.command.options == {Option.MODEL: "opus", Option.PRIORITY: "high"}
    assert asked.plan.band is Band.HIGH


@pytest.mark.parametrize(
    "fixture",
    ["issues__opened_without_body", "pull_request_review__submitted_without_body"],
)
def test_without_a_body_nobody_is_asked(fixture: str) -> None:
    assert reason(fixture) is Reason.NO_COMMAND


@pytest.mark.parametrize(
    "text",
    [
        "```\n@agent fix it\n```",
        "`@agent fix it`",
        "> @agent fix it",
        "<!-- @agent fix -->",
        "x\n\n    @agent fix",
    ],
)
@pytest.mark.parametrize("fixture", [row[0] for row in MENTIONS])
def test_code_and_quotations_never_command(fixture: str, text: str) -> None:
    assert reason(fixture, payload=saying(fixture, text)) is Reason.NO_COMMAND


def test_only_the_body_of_an_issue_asks() -> None:
    payload = changed("issues__opened_without_body", lambda p: p["issue"].update(title="@agent fix it"))
    assert reason("issues__opened_without_body", payload=payload) is Reason.NO_COMMAND


@pytest.mark.parametrize(
    "fixture", ["issues__closed", "pull_request__synchronize", "pull_request_review__dismissed"]
)
def test_an_action_that_is_not_used_is_named(fixture: str) -> None:
    ignored = expect(Ignored, interpret(fixture))
    assert (ignored.reason, ignored.detail) == (Reason.ACTION_NOT_USED, ignored.facts.action)
    assert ignored.facts.conversation is not None
    assert ignored.facts.title


def test_an_answered_discussion_is_not_used() -> None:
    assert reason("discussion__answered") is Reason.ACTION_NOT_USED


@pytest.mark.parametrize("standing", ["OWNER", "MEMBER", "COLLABORATOR"])
def test_those_who_belong_may_ask(standing: str) -> None:
    payload = changed("issue_comment__mention", lambda p: p["comment"].update(author_association=standing))
    assert task("issue_comment__mention", payload=payload).plan.rule == "mentions"


@pytest.mark.parametrize(
    "standing",
    ["CONTRIBUTOR", "FIRST_TIMER", "FIRST_TIME_CONTRIBUTOR", "MANNEQUIN", "NONE", "owner", "", None],
)
def test_others_may_not(standing: str | None) -> None:
    payload = changed("issue_comment__mention", lambda p: p["comment"].update(author_association=standing))
    ignored = expect(Ignored, interpret("issue_comment__mention", payload=payload))
    assert (ignored.reason, ignored.detail) == (Reason.NOT_ALLOWED, "mentions")


def test_a_rule_may_let_more_people_ask() -> None:
    rule = on("mention", allow=Allow(associations=frozenset({"NONE"})))
    assert task("issue_comment__by_outsider", rule).command.verb is Verb.FIX
    assert reason("issue_comment__by_outsider") is Reason.NOT_ALLOWED
    assert reason("issue_comment__mention", rule) is Reason.NOT_ALLOWED


def test_the_standing_is_that_of_the_text_and_not_of_its_issue() -> None:
    payload = changed("issue_comment__by_outsider", lambda p: p["issue"].update(author_association="OWNER"))
    assert reason("issue_comment__by_outsider", payload=payload) is Reason.NOT_ALLOWED


@pytest.mark.parametrize("fixture", ["issues__opened_with_mention", "issue_comment__edited_to_ask"])
def test_nobody_lends_standing_to_the_words_of_another(fixture: str) -> None:
    payload = load(fixture)
    payload["sender"] = load("issues__closed")["sender"]
    rule = on("mention", allow=Allow(users=frozenset({"bob-octo"})))
    ignored = expect(Ignored, interpret(fixture, rule, payload=payload))
    assert (ignored.reason, ignored.detail) == (Reason.NOT_ALLOWED, "the text is somebody else's")


def test_the_words_of_a_deleted_account_ask_for_nothing() -> None:
    payload = changed("issue_comment__mention", lambda p: p["comment"].update(user=None))
    assert reason("issue_comment__mention", payload=payload) is Reason.NOT_ALLOWED


def test_without_a_sender_the_author_has_acted() -> None:
    payload = changed("issue_comment__mention", lambda p: p.update(sender=None))
    actor = task("issue_comment__mention", payload=payload).facts.actor
    assert actor is not None
    assert actor.name == "ada-octo"


def test_bots_are_not_heard() -> None:
    assert reason("issue_comment__by_bot") is Reason.BOT


def test_a_bot_behind_a_persons_delivery_is_not_heard() -> None:
    payload = changed("issue_comment__mention", lambda p: p["comment"]["user"].update(type="Bot"))
    assert reason("issue_comment__mention", payload=payload) is Reason.BOT


@pytest.mark.parametrize(
    "ours",
    [{"hookline-app[bot]"}, {"Hookline-App"}, {"2001"}, {"3001"}, OURS],
    ids=lambda ours: ",".join(sorted(ours)),
)
def test_our_own_words_are_not_heard(ours: set[str]) -> None:
    assert reason("issue_comment__own_words", ours=frozenset(ours)) is Reason.OWN_WORDS


def test_without_a_name_of_our_own_an_app_is_a_bot() -> None:
    assert reason("issue_comment__own_words", ours=frozenset()) is Reason.BOT


def test_a_person_through_our_app_is_our_own_words() -> None:
    app = {"id": 3001, "slug": "hookline-app"}
    payload = changed("issue_comment__mention", lambda p: p["comment"].update(performed_via_github_app=app))
    assert reason("issue_comment__mention", payload=payload) is Reason.OWN_WORDS
    other = {"id": 9, "slug": "mobile"}
    payload = changed("issue_comment__mention", lambda p: p["comment"].update(performed_via_github_app=other))
    assert task("issue_comment__mention", payload=payload).command.verb is Verb.FIX


def test_a_person_with_the_name_of_our_app_is_still_a_person() -> None:
    assert task("issue_comment__mention", ours=frozenset({"ada-octo[bot]"})).command.verb is Verb.FIX


EDITS = [
    ("issues__edited_to_ask", "issue/12"),
    ("issue_comment__edited_to_ask", "comment/17"),
    ("pull_request__edited_to_ask", "pull_request/34"),
    ("pull_request_review_comment__edited_to_ask", "review_comment/4"),
]


@pytest.mark.parametrize(("fixture", "part"), EDITS)
def test_an_edit_with_a_command_revises(fixture: str, part: str) -> None:
    asked = task(fixture)
    assert asked.revises
    assert asked.facts.origin == f"github:octo/app:{part}"


@pytest.mark.parametrize(("fixture", "part"), EDITS)
def test_an_edit_without_a_command_withdraws(fixture: str, part: str) -> None:
    withdrawn = expect(ControlRequested, interpret(fixture, payload=saying(fixture, "never mind")))
    assert withdrawn.control == Withdraw(f"github:octo/app:{part}", Withdrawal.COMMAND_REMOVED)


@pytest.mark.parametrize(
    ("fixture", "part"),
    [
        ("issue_comment__edited_without_command", "comment/17"),
        ("pull_request_review__edited_without_command", "review/9"),
    ],
)
def test_a_removed_command_withdraws(fixture: str, part: str) -> None:
    withdrawn = expect(ControlRequested, interpret(fixture))
    assert withdrawn.control == Withdraw(f"github:octo/app:{part}", Withdrawal.COMMAND_REMOVED)
    assert withdrawn.keys


@pytest.mark.parametrize(
    ("fixture", "part"),
    [
        ("issues__deleted", "issue/12"),
        ("issue_comment__deleted", "comment/17"),
        ("pull_request_review_comment__deleted", "review_comment/4"),
        ("discussion_comment__deleted", "discussion_comment/6"),
    ],
)
def test_a_deletion_withdraws_whoever_deleted(fixture: str, part: str) -> None:
    withdrawn = expect(ControlRequested, interpret(fixture))
    assert withdrawn.control == Withdraw(f"github:octo/app:{part}", Withdrawal.DELETED)
    assert withdrawn.facts.origin == f"github:octo/app:{part}"


def test_a_deletion_of_our_own_words_is_nothing() -> None:
    payload = load("issue_comment__own_words") | {"action": "deleted"}
    assert reason("issue_comment__own_words", payload=payload) is Reason.OWN_WORDS


@pytest.mark.parametrize("fixture", ["issues__edited_milestone_only", "pull_request__edited_base_only"])
def test_an_edit_of_neither_title_nor_body_is_ignored(fixture: str) -> None:
    assert reason(fixture) is Reason.ACTION_NOT_USED


def test_an_edit_of_the_title_revises() -> None:
    payload = load("issues__edited_milestone_only") | {"changes": {"title": {"from": "Old"}}}
    assert task("issues__edited_milestone_only", payload=payload).revises


def test_creation_edits_and_deletion_are_versions_of_one_subject() -> None:
    written = task("issue_comment__mention")
    edited = task("issue_comment__edited_to_ask")
    again = task(
        "issue_comment__edited_to_ask", payload=saying("issue_comment__edited_to_ask", "@agent plan")
    )
    deleted = expect(ControlRequested, interpret("issue_comment__deleted"))
    assert len({outcome.keys[2] for outcome in (written, edited, again, deleted)}) == 4
    assert len({outcome.facts.origin for outcome in (written, edited, again, deleted)}) == 1


def test_an_edit_within_the_second_of_the_creation_is_a_version_of_its_own() -> None:
    payload = changed(
        "issue_comment__edited_to_ask", lambda p: p["comment"].update(updated_at=p["comment"]["created_at"])
    )
    assert (
        task("issue_comment__edited_to_ask", payload=payload).keys[2]
        != task("issue_comment__mention").keys[2]
    )


def test_a_review_that_is_edited_twice_has_two_versions() -> None:
    name = "pull_request_review__edited_without_command"
    first = task(name, payload=saying(name, "@agent fix this"))
    second = task(name, payload=saying(name, "@agent fix that"))
    assert first.keys[2] != second.keys[2]


def test_a_control_verb_is_a_control_of_the_conversation() -> None:
    asked = expect(ControlRequested, interpret("issue_comment__cancel"))
    assert asked.control == ConversationControl(Verb.CANCEL, ISSUE, "it was our fault")
    assert asked.rule == "mentions"
    assert len(asked.keys) == 3


@pytest.mark.parametrize("verb", ["approve", "help", "status", "cancel", "retry"])
def test_every_control_verb_needs_the_right_to_ask(verb: str) -> None:
    said = saying("issue_comment__cancel", f"@agent {verb}")
    assert isinstance(interpret("issue_comment__cancel", payload=said), ControlRequested)
    refused = saying("issue_comment__cancel", f"@agent {verb}", author_association="NONE")
    assert reason("issue_comment__cancel", payload=refused) is Reason.NOT_ALLOWED


def _edited(before: str | None, after: str) -> dict:
    changes = {"title": {"from": "Old"}} if before is None else {"body": {"from": before}}
    return saying("issue_comment__edited_to_ask", after) | {"changes": changes}


def test_an_edit_that_brings_a_control_applies_it() -> None:
    name = "issue_comment__edited_to_ask"
    for before in ("@agnt cancel", "@agent fix it", "@agent status"):
        outcome = interpret(name, payload=_edited(before, "@agent cancel"))
        control = expect(ControlRequested, outcome).control
        assert control == ConversationControl(Verb.CANCEL, ISSUE)


@pytest.mark.parametrize("before", ["@agent cancel plaese", None])
def test_an_edit_around_a_control_does_not_repeat_it(before: str | None) -> None:
    name = "issue_comment__edited_to_ask"
    assert reason(name, payload=_edited(before, "@agent cancel please")) is Reason.NO_COMMAND


def test_a_pull_request_opened_for_an_issue_joins_its_conversation() -> None:
    asked = task("pull_request__opened_for_issue")
    assert asked.facts.conversation == ISSUE
    assert asked.joins == PULL
    assert asked.facts.origin == "github:octo/app:pull_request/34"


def test_a_pull_request_that_asks_for_nothing_joins_nothing() -> None:
    payload = saying("pull_request__opened_for_issue", "Fixes #12")
    ignored = expect(Ignored, interpret("pull_request__opened_for_issue", payload=payload))
    assert ignored.reason is Reason.NO_COMMAND
    assert ignored.facts.conversation == PULL


def _of_fork(payload: dict) -> None:
    payload["pull_request"]["head"]["repo"] = {"id": 777}


def _of_deleted_fork(payload: dict) -> None:
    payload["pull_request"]["head"]["repo"] = None


def _of_person(payload: dict) -> None:
    payload["pull_request"]["head"]["ref"] = "login-clock"


def _of_other_repository(payload: dict) -> None:
    payload["pull_request"]["body"] = "Fixes other/app#12\n\n@agent review this"


@pytest.mark.parametrize("change", [_of_fork, _of_deleted_fork, _of_person, _of_other_repository])
def test_any_other_pull_request_keeps_its_own_conversation(change: Callable[[dict], None]) -> None:
    asked = task("pull_request__opened_for_issue", payload=changed("pull_request__opened_for_issue", change))
    assert isinstance(asked, TaskRequested)
    assert (asked.facts.conversation, asked.joins) == (PULL, None)
