"""`hookline tasks cancel` and `hookline tasks retry`."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from hookline.console.at_queue import controls, tell_unheard
from hookline.console.operator import operator
from hookline.console.presentation import print_json, print_lines, screen
from hookline.console.running import Desk, run_at_desk
from hookline.core.lifecycle import REDRIVABLE_STATES
from hookline.core.operating import Done
from hookline.domain.errors import HooklineError
from hookline.domain.ids import TaskId
from hookline.domain.task import TaskState


def cause_of(reason: str | None = None) -> str:
    """Who did it and why, for the task's story."""
    asked = f"asked by {operator()} on the command line"
    return asked if reason is None else f"{asked}: {reason}"


def cancel(references: Sequence[str], reason: str | None, *, as_json: bool) -> None:
    """End tasks that wait, and tell the workers of those that run to stop.

    Raises:
        NotFoundError: one of them is unknown; nothing has changed.
        HooklineError: some of them were over already; the others are cancelled.
    """

    async def work(desk: Desk) -> None:
        states = await states_of(desk, references)
        async with controls(desk) as opened:
            done = await opened.operating.cancel(list(states), cause_of(reason))
        words = {
            **dict.fromkeys(done.changed.removed, "cancelled"),
            **dict.fromkeys(done.changed.running, "cancel_requested"),
        }
        _tell(words, done, as_json=as_json)
        _complain(states, words, "over already, as")

    run_at_desk(work)


def retry(references: Sequence[str], *, as_json: bool) -> None:
    """Queue failed and dead tasks again.

    Raises:
        NotFoundError: one of them is unknown; nothing has changed.
        HooklineError: some of them are neither failed nor dead; the others are queued.
    """

    async def work(desk: Desk) -> None:
        states = await states_of(desk, references)
        given_up = [task_id for task_id, state in states.items() if state in REDRIVABLE_STATES]
        async with controls(desk) as opened:
            done = await opened.operating.redrive(given_up, cause_of())
        words = {task.task_id: "queued" for task in done.changed.queued}
        _tell(words, done, as_json=as_json)
        _complain(states, words, "neither failed nor dead, but")

    run_at_desk(work)


async def states_of(desk: Desk, references: Sequence[str]) -> Mapping[TaskId, TaskState]:
    """The tasks that are meant, and what they were at the last look.

    Raises:
        NotFoundError: one of them is unknown, or several begin so.
    """
    details = [await desk.insights.task(reference) for reference in references]
    return {detail.task.id: detail.task.state for detail in details}


def _tell(words: Mapping[TaskId, str], done: Done, *, as_json: bool) -> None:
    tell_unheard(has_queue_heard=done.has_queue_heard)
    if as_json:
        tasks: list[JsonValue] = [{"id": task_id, "became": word} for task_id, word in words.items()]
        print_json(screen(), {"tasks": tasks, "next": None})
        return
    print_lines(screen(), (f"{task_id}  {_WORDS[word]}" for task_id, word in words.items()))


_WORDS = {
    "cancelled": "cancelled",
    "cancel_requested": "runs; its worker is told to stop",
    "queued": "queued again",
}


def _complain(states: Mapping[TaskId, TaskState], words: Mapping[TaskId, str], why: str) -> None:
    left = [f"{task_id} is {why} {state.value}" for task_id, state in states.items() if task_id not in words]
    if left:
        raise HooklineError("; ".join(left))
