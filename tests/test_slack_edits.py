"""Slack's edits and deletions of what was asked."""

from hookline.domain.command import Verb
from hookline.domain.outcome import ControlRequested, Reason, Withdraw, Withdrawal
from slack_case import (
    CASE,
    EDITED,
    LANE,
    ORIGIN,
    ROWAN,
    SUBJECT,
    THREAD,
    TS,
    ignored,
    reason,
    task,
    withdrawal,
)


def test_an_edit_with_a_command_revises() -> None:
    asked = task(CASE.on("message_changed__command"))
    assert asked.revises == SUBJECT
    assert (asked.command.verb, asked.command.text) == (Verb.FIX, "the login test on main")
    assert asked.facts.origin == ORIGIN
    assert asked.facts.conversation == f"{LANE}/{TS}"
    assert asked.facts.action == "message_changed"
    assert asked.keys == ("slack:delivery:Ev08EDIT", f"{SUBJECT}/{EDITED}")


def test_the_app_mention_of_an_edited_post_is_its_twin() -> None:
    edited = CASE.event("app_mention__in_channel", edited={"user": "U01ROWAN", "ts": EDITED})
    asked = task(CASE.interpret(edited))
    assert asked.revises
    assert f"{SUBJECT}/{EDITED}" in asked.keys


def test_an_edit_that_removes_the_command_withdraws() -> None:
    outcome = CASE.on("message_changed__mention_removed")
    assert withdrawal(outcome) == Withdraw(ORIGIN, Withdrawal.COMMAND_REMOVED)
    assert outcome.facts.origin == ORIGIN
    assert isinstance(outcome, ControlRequested)
    assert outcome.keys == ("slack:delivery:Ev09REMOVED", f"{SUBJECT}/{EDITED}")


def test_an_unfurled_link_is_no_edit() -> None:
    assert ignored(CASE.on("message_changed__unfurled")) == (Reason.ACTION_NOT_USED, "text unchanged")


def test_an_edit_without_what_stood_before_needs_its_time() -> None:
    body = CASE.event("message_changed__command", previous_message=None)
    assert task(CASE.interpret(body)).revises
    body = CASE.event("message_changed__unfurled", previous_message=None)
    assert reason(CASE.interpret(body)) is Reason.ACTION_NOT_USED


def test_an_edit_finds_its_post_in_what_stood_before() -> None:
    value = CASE.fixture_json("message_changed__command")["event"]["message"]
    del value["ts"]
    assert task(CASE.interpret(CASE.event("message_changed__command", message=value))).facts.origin == ORIGIN


def test_a_deleted_post_withdraws() -> None:
    outcome = CASE.on("message_deleted__command")
    assert withdrawal(outcome) == Withdraw(ORIGIN, Withdrawal.DELETED)
    assert outcome.facts.conversation == f"{LANE}/{THREAD}"
    assert outcome.facts.actor == ROWAN
    assert isinstance(outcome, ControlRequested)
    assert outcome.keys == ("slack:delivery:Ev12DELETE", f"{SUBJECT}/deleted")


def test_a_tombstone_is_a_deletion_too() -> None:
    tomb = CASE.on("message_changed__tombstone")
    assert withdrawal(tomb) == Withdraw(ORIGIN, Withdrawal.DELETED)
    assert isinstance(tomb, ControlRequested)
    assert f"{SUBJECT}/deleted" in tomb.keys


def test_a_deletion_needs_no_copy_of_what_stood_there() -> None:
    outcome = CASE.interpret(CASE.event("message_deleted__command", previous_message=None))
    assert withdrawal(outcome) == Withdraw(ORIGIN, Withdrawal.DELETED)


def test_the_head_of_an_assistant_thread_is_no_command() -> None:
    message = CASE.fixture_json("message_changed__command")["event"]["message"]
    body = CASE.event("message_changed__command", message={**message, "subtype": "assistant_app_thread"})
    assert ignored(CASE.interpret(body)) == (Reason.ACTION_NOT_USED, "assistant_app_thread")
