"""Answers to commands, buttons and shortcuts, in plain words that only the asker sees."""

from collections.abc import Mapping
from typing import assert_never

from hookline.core.answers import json_bytes
from hookline.domain.delivery import Accepted, Answer, Applied, Duplicate, Passed, Replied, Verdict
from hookline.domain.outcome import Facts, Reason

_WORDS: Mapping[Reason, str] = {
    Reason.EVENT_NOT_USED: "this kind of request is not used here.",
    Reason.EVENT_UNKNOWN: "this kind of request is not known here.",
    Reason.ACTION_NOT_USED: "this button or shortcut belongs to something else.",
    Reason.NO_COMMAND: "no command was found. Say what to do, for example `fix the login test`.",
    Reason.NO_RULE: "no rule says what to do with it.",
    Reason.NOT_ALLOWED: "you may not ask for this here.",
    Reason.OWN_WORDS: "these are the agent's own words.",
    Reason.BOT: "bots cannot ask.",
    Reason.CHAIN_TOO_DEEP: "agents have triggered each other too often.",
    Reason.NO_CONVERSATION: "use it on a message, so that it is clear where the answer belongs.",
    Reason.NO_REPOSITORY: "no repository is configured for this channel, so no code can be changed.",
    Reason.CONTROL_UNAVAILABLE: "this cannot be done from here yet.",
    Reason.NOTHING_TO_CANCEL: "there is no unfinished task here.",
    Reason.NOTHING_TO_RETRY: "no task here has failed.",
    Reason.NOTHING_TO_WITHDRAW: "there is no task to withdraw.",
    Reason.ALREADY_STARTED: "the task has already started.",
    Reason.CAPPED: "too many tasks were asked for in the last hour.",
}
_READ_AS_REPLY = frozenset(
    {
        "block_suggestion",
        "dialog_submission",
        "dialog_suggestion",
        "interactive_message",
        "view_submission",
    }
)
"""Interactions where Slack takes any body for options, errors, a new view or a new message."""


def ephemeral_answer(facts: Facts, verdict: Verdict) -> Answer:
    """The answer to a form, always 200: anything else shows as an error of the app."""
    if isinstance(verdict, Replied):
        return Answer(200, verdict.body, verdict.content_type)
    if facts.event in _READ_AS_REPLY:
        return Answer(200, b"", "text/plain")
    return Answer(200, json_bytes({"response_type": "ephemeral", "text": _sentence(verdict)}))


def _sentence(verdict: Accepted | Duplicate | Applied | Passed) -> str:
    match verdict:
        case Accepted(task_id=task_id):
            return f"Task {task_id} is queued."
        case Duplicate(task_id=None):
            return "This was already asked."
        case Duplicate(task_id=task_id):
            return f"This was already asked: task {task_id}."
        case Applied(control=control, task_id=task_id, told=told):
            return told or (f"Done: {control}." if task_id is None else f"Done: {control}, task {task_id}.")
        case Passed(reason=reason):
            return f"Nothing was done: {_WORDS_BY_NAME.get(reason, reason)}"
        case _:
            assert_never(verdict)


_WORDS_BY_NAME = {reason.value: words for reason, words in _WORDS.items()}
