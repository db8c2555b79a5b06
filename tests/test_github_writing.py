import pytest

from github_deliveries import changed, expect, interpret, load, reason, saying, task
from hookline.domain.command import Band, Option, Verb
from hookline.domain.outcome import (
    ControlRequested,
    Ignored,
    Reason,
    Trigger,
    Withdraw,
    Withdrawal,
)

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


EDITS = [
    ("issues__edited_to_ask", "issue/12"),
    ("issue_comment__edited_to_ask", "comment/17"),
    ("pull_request__edited_to_ask", "pull_request/34"),
    ("pull_request_review_comment__edited_to_ask", "review_comment/4"),
]


@pytest.mark.parametrize(("fixture", "part"), EDITS)
def test_an_edit_with_a_command_revises(fixture: str, part: str) -> None:
    asked = task(fixture)
    assert asked.revises == f"github:subject:octo/app:{part}"
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


def test_an_edit_back_to_earlier_words_is_a_version_of_its_own() -> None:
    later = saying("issue_comment__edited_to_ask", "@agent fix it", updated_at="2026-03-01T12:00:00Z")
    earlier = saying("issue_comment__edited_to_ask", "@agent fix it")
    keys = [task("issue_comment__edited_to_ask", payload=payload).keys[2] for payload in (earlier, later)]
    assert len(set(keys)) == 2
