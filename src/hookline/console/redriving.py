"""`hookline queue redrive`: tasks that were given up are queued again, by id or by filter."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import typer
from pydantic import JsonValue

from hookline.clock import utc_now
from hookline.console.at_queue import Controls, controls, tell_unheard
from hookline.console.presentation import Column, print_json, print_lines, print_table, screen, told
from hookline.console.running import Desk, run_at_desk
from hookline.console.task_changes import cause_of, states_of
from hookline.core.insights import PAGE_LIMIT
from hookline.core.lifecycle import REDRIVABLE_STATES
from hookline.domain.errors import ConfigurationError, HooklineError
from hookline.domain.ids import TaskId
from hookline.domain.reading import TaskFilter, TaskSummary
from hookline.domain.task import TaskState

AT_ONCE = 500
_AGO = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_COLUMNS = (
    Column("id"),
    Column("state", styles={"failed": "red", "dead": "red"}),
    Column("ended"),
    Column("lane", fixed=False),
    Column("outcome", fixed=False),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks: by their ids, or by what `None` and nothing leave open."""

    references: Sequence[str]
    states: Sequence[str]
    provider: str | None
    lane: str | None
    since: str | None
    is_every: bool


def redrive(wanted: Wanted, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Queue them again, a few hundred in a transaction.

    Raises:
        ConfigurationError: it is not said which tasks, or there are several and nobody agreed.
        NotFoundError: a task that was named is unknown.
        HooklineError: a task that was named is neither failed nor dead, or somebody declined.
    """
    condition = condition_of(wanted, utc_now())

    async def work(desk: Desk) -> None:
        found = await _named(desk, wanted) if condition is None else await _matching(desk, condition)
        if dry_run:
            _show(found, as_json=as_json)
            return
        _agree(len(found), yes=yes)
        async with controls(desk) as opened:
            redriven, heard = await _redrive(opened, [task.id for task in found])
        tell_unheard(has_queue_heard=heard)
        if as_json:
            print_json(screen(), {"redriven": [*redriven], "dry_run": False})
            return
        print_lines(screen(), (f"{len(redriven)} of {len(found)} tasks are queued again",))

    run_at_desk(work)


def condition_of(wanted: Wanted, now: datetime) -> TaskFilter | None:
    """The filter that options ask for; `None` where ids were given.

    Raises:
        ConfigurationError: there is neither, or both, or one of them cannot be understood.
    """
    has_filter = bool(wanted.states or wanted.provider or wanted.lane or wanted.since)
    if wanted.references:
        if has_filter or wanted.is_every:
            raise ConfigurationError("expected ids or filters, not both")
        return None
    if not has_filter and not wanted.is_every:
        raise ConfigurationError(
            "say which tasks: an id, --lane, --provider, --state, --since, or --all; --dry-run shows them"
        )
    known = {state.value: state for state in REDRIVABLE_STATES}
    if unknown := sorted(set(wanted.states) - known.keys()):
        raise ConfigurationError(f"--state {unknown[0]}: expected one of {', '.join(sorted(known))}")
    states = frozenset(known[state] for state in wanted.states) or REDRIVABLE_STATES
    since = None if wanted.since is None else _moment(wanted.since, now)
    return TaskFilter(states, wanted.provider, wanted.lane, finished_since=since)


def _moment(words: str, now: datetime) -> datetime:
    try:
        if ago := _AGO.fullmatch(words):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        moment = datetime.fromisoformat(words)
    except (ValueError, OverflowError):
        raise ConfigurationError(
            f"--since {words}: expected as 90m, 24h, 7d, 2026-03-01 or 2026-03-01T12:00Z"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Found:
    id: TaskId
    state: TaskState
    finished_at: datetime | None
    lane: str
    outcome: str | None


async def _named(desk: Desk, wanted: Wanted) -> Sequence[_Found]:
    states = await states_of(desk, wanted.references)
    tasks = [(await desk.insights.task(task_id)).task for task_id in states]
    for task in tasks:
        if task.state not in REDRIVABLE_STATES:
            raise HooklineError(f"{task.id} is {task.state.value}, neither failed nor dead; nothing was done")
    return [_Found(task.id, task.state, task.finished_at, task.lane, task.outcome) for task in tasks]


async def _matching(desk: Desk, condition: TaskFilter) -> Sequence[_Found]:
    found: list[TaskSummary] = []
    cursor: str | None = None
    while True:
        page = await desk.insights.tasks(condition, cursor, PAGE_LIMIT)
        found += page.items
        cursor = page.next
        if cursor is None:
            break
    return [_Found(task.id, task.state, task.finished_at, task.lane, task.outcome) for task in found[::-1]]


def _show(found: Sequence[_Found], *, as_json: bool) -> None:
    if as_json:
        ids: list[JsonValue] = [task.id for task in found]
        print_json(screen(), {"redriven": ids, "dry_run": True})
        return
    rows = (
        (task.id, task.state.value, told(task.finished_at), task.lane, task.outcome or "") for task in found
    )
    print_table(screen(), _COLUMNS, rows)


def _agree(count: int, *, yes: bool) -> None:
    if yes or count <= 1:
        return
    if not sys.stdin.isatty():
        raise ConfigurationError(f"{count} tasks would be queued again; say --yes, or look with --dry-run")
    if not typer.confirm(f"queue {count} tasks again?", err=True):
        raise HooklineError("nothing was done")


async def _redrive(opened: Controls, task_ids: Sequence[TaskId]) -> tuple[Sequence[TaskId], bool]:
    redriven: list[TaskId] = []
    heard = True
    for start in range(0, len(task_ids), AT_ONCE):
        done = await opened.operating.redrive(task_ids[start : start + AT_ONCE], cause_of())
        redriven += [task.task_id for task in done.changed.queued]
        heard = heard and done.has_queue_heard
    return redriven, heard
