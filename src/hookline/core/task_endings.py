"""How an attempt's end, as its worker tells it, changes the task."""

from datetime import datetime
from typing import assert_never

from hookline.core.fit_json import UnfitJsonError, fit_json
from hookline.core.lifecycle import TaskLife, plain
from hookline.domain.errors import UnfitFinishError
from hookline.domain.lifecycle import (
    AttemptOutcome,
    Complete,
    Ending,
    Fail,
    Finish,
    LifeLimits,
    Postpone,
    Release,
    Stop,
    Wait,
)
from hookline.domain.text import TEXT_LIMIT, clean, shorten

MOST_RESULT_BYTES = 1 << 20


def fit_result(ending: Ending) -> str:
    """The result of an ending as it is stored: JSON, without what no database stores; `{}` where it has none.

    Raises:
        UnfitFinishError: it is no JSON object, is nested too deeply, or is larger than 1 MiB.
    """
    if not isinstance(ending, Complete):
        return "{}"
    try:
        return fit_json(ending.result, MOST_RESULT_BYTES)
    except UnfitJsonError as error:
        raise UnfitFinishError(f"result: {error}") from None


def refuse_unfit_times(ending: Ending) -> None:
    """Refuse times without a zone, which mean another moment to everybody.

    Raises:
        UnfitFinishError: there is such a time.
    """
    times = {"retry_at": ending.retry_at} if isinstance(ending, Fail) else {}
    if isinstance(ending, Postpone | Wait):
        times = {"until": ending.until}
    for name, moment in times.items():
        if moment is not None and moment.utcoffset() is None:
            raise UnfitFinishError(f"{name}: a time without a zone")


def end_attempt(task: TaskLife, finish: Finish, result: str, now: datetime, limits: LifeLimits) -> None:
    """Let the attempt that runs end as its worker says; a task that should be cancelled never goes on."""
    attempt = task.attempt
    ending = finish.ending
    match ending:
        case Complete():
            task.succeed(result, now)
            outcome = AttemptOutcome.SUCCEEDED
        case Fail():
            outcome = _fail(task, ending, now, limits)
        case Stop(reason=reason):
            task.cancel(reason, now)
            outcome = AttemptOutcome.CANCELLED
        case Release() | Postpone() | Wait() if task.is_to_be_cancelled:
            task.cancel("asked", now)
            outcome = AttemptOutcome.CANCELLED
        case Release() | Postpone() | Wait():
            outcome = _go_on(task, ending)
        case _:
            assert_never(ending)
    task.close(attempt, outcome, now, finish.digest)


def _fail(task: TaskLife, ending: Fail, now: datetime, limits: LifeLimits) -> AttemptOutcome:
    task.tries += 1
    if ending.retry_at is not None and task.is_to_be_cancelled:
        task.cancel("asked", now)
        return AttemptOutcome.CANCELLED
    if ending.retry_at is None or task.tries >= limits.most_tries:
        task.fail(ending.reason, now)
    else:
        task.schedule("task.retry_scheduled", ending.retry_at, ending.reason)
    return AttemptOutcome.FAILED


def _go_on(task: TaskLife, ending: Release | Postpone | Wait) -> AttemptOutcome:
    match ending:
        case Release(reason=reason, was_told=was_told):
            task.tell("task.released", {"worker": task.holder, "reason": plain(reason)})
            task.queue_again("released")
            return AttemptOutcome.RELEASED if was_told else AttemptOutcome.UNCLAIMED
        case Postpone(until=until, reason=reason):
            task.schedule("task.deferred", until, reason)
            return AttemptOutcome.DEFERRED
        case Wait(question=question, until=until):
            task.wait(shorten(clean(question), TEXT_LIMIT), until)
            return AttemptOutcome.WAITING
        case _:
            assert_never(ending)
