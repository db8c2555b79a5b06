from collections.abc import Callable

import pytest

from github_deliveries import changed, expect, interpret, load, reason, saying, task
from hookline.domain.command import Verb
from hookline.domain.outcome import (
    ControlRequested,
    ConversationControl,
    Ignored,
    Reason,
    TaskRequested,
)

ISSUE, PULL = "github:octo/app#12", "github:octo/app#34"


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


def test_an_edited_pull_request_keeps_its_own_conversation() -> None:
    edit = {"action": "edited", "changes": {"body": {"from": "Fixes #12"}}}
    asked = task("pull_request__opened_for_issue", payload=load("pull_request__opened_for_issue") | edit)
    assert (asked.facts.conversation, asked.joins) == (PULL, None)
