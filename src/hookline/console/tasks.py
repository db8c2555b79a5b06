"""`hookline tasks list` and `hookline tasks show`."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue, TypeAdapter

from hookline.console.attempts import attempt_line
from hookline.console.presentation import (
    Column,
    neutral_block,
    plain,
    print_facts,
    print_json,
    print_lines,
    screen,
    told,
)
from hookline.console.running import Desk, run_at_desk
from hookline.console.story import line_of
from hookline.console.watching import Sheet
from hookline.console.watching import show as show_sheet
from hookline.core.log_lines import LogLine
from hookline.domain.errors import ConfigurationError
from hookline.domain.reading import (
    AttemptSummary,
    StoredFact,
    TaskDelivery,
    TaskDetail,
    TaskFilter,
    TaskSummary,
)
from hookline.domain.task import Task, TaskState

_TASK: TypeAdapter[Task] = TypeAdapter(Task)
_ATTEMPTS: TypeAdapter[Sequence[AttemptSummary]] = TypeAdapter(Sequence[AttemptSummary])
_FACTS: TypeAdapter[Sequence[StoredFact]] = TypeAdapter(Sequence[StoredFact])
_DELIVERIES: TypeAdapter[Sequence[TaskDelivery]] = TypeAdapter(Sequence[TaskDelivery])
_SUMMARIES: TypeAdapter[Sequence[TaskSummary]] = TypeAdapter(Sequence[TaskSummary])

STATE_STYLES: Mapping[str, str] = {
    "running": "cyan",
    "waiting": "yellow",
    "succeeded": "green",
    "failed": "red",
    "dead": "red",
    "cancelled": "dim",
}
_COLUMNS = (
    Column("id"),
    Column("state", styles=STATE_STYLES),
    Column("priority"),
    Column("verb"),
    Column("accepted"),
    Column("lane", fixed=False),
    Column("title", fixed=False),
)


def show_list(
    condition: TaskFilter, limit: int, cursor: str | None, every_seconds: float | None, *, as_json: bool
) -> None:
    """Print tasks, newest first, once or again and again."""

    async def work(desk: Desk) -> None:
        async def look() -> Sheet:
            page = await desk.insights.tasks(condition, cursor, limit)
            value: JsonValue = {"tasks": plain(_SUMMARIES, page.items), "next": page.next}
            more = (f"more: --cursor {page.next}",) if page.next else ()
            return Sheet((), _COLUMNS, [_row(task) for task in page.items], value, more)

        await show_sheet(screen(), look, every_seconds, as_json=as_json)

    run_at_desk(work)


def condition_of(
    states: Sequence[str] | None, provider: str | None, lane: str | None, conversation: str | None
) -> TaskFilter:
    """The filter that options ask for.

    Raises:
        ConfigurationError: there is no such state; names those there are.
    """
    try:
        wanted = frozenset(TaskState(state) for state in states or ())
    except ValueError:
        known = ", ".join(state.value for state in TaskState)
        raise ConfigurationError(f"--state: expected one of {known}") from None
    return TaskFilter(wanted, provider, lane, conversation)


def _row(task: TaskSummary) -> tuple[str, ...]:
    return (
        task.id,
        task.state.value,
        task.band.name.lower(),
        task.verb,
        told(task.accepted_at),
        task.lane,
        task.title,
    )


def show(reference: str, *, as_json: bool) -> None:
    """Print one task with its attempts, its history and its deliveries."""
    out = screen()

    async def work(desk: Desk) -> None:
        detail = await desk.insights.task(reference)
        if as_json:
            print_json(out, _json_of(detail))
            return
        print_facts(out, _facts_of(detail.task))
        if detail.task.text:
            print_lines(out, ("", "text", *_indented(detail.task.text)))
        if detail.attempts:
            print_lines(out, ("", "attempts", *(f"  {attempt_line(each)}" for each in detail.attempts)))
        print_lines(out, ("", "history", *(f"  {line_of(_logged(detail, fact))}" for fact in detail.facts)))
        print_lines(out, ("", "deliveries", *(_delivery_line(part) for part in detail.deliveries)))

    run_at_desk(work)


def _json_of(detail: TaskDetail) -> JsonValue:
    return {
        "task": plain(_TASK, detail.task),
        "attempts": plain(_ATTEMPTS, detail.attempts),
        "facts": plain(_FACTS, detail.facts),
        "deliveries": plain(_DELIVERIES, detail.deliveries),
    }


def _facts_of(task: Task) -> dict[str, str | None]:
    return {
        "task": task.id,
        "state": task.state.value if task.outcome is None else f"{task.state.value} ({task.outcome})",
        "title": task.title,
        "verb": task.verb.value,
        "priority": task.band.name.lower(),
        "agent": task.agent if task.model is None else f"{task.agent}, model {task.model}",
        "mode": task.mode.value,
        "repository": task.repository,
        "base": task.base_ref,
        "rule": task.rule,
        "trigger": task.trigger,
        "asked by": task.requested_by_name or task.requested_by,
        "conversation": task.conversation,
        "lane": task.lane,
        "url": task.url,
        "accepted": told(task.accepted_at),
        "due": told(task.due_at),
        "cancel asked": told(task.cancel_requested_at),
        "finished": told(task.finished_at),
    }


def _indented(text: str) -> tuple[str, ...]:
    return tuple(f"  {line}" for line in neutral_block(text).split("\n"))


def _logged(detail: TaskDetail, fact: StoredFact) -> LogLine:
    return LogLine(
        seq=fact.seq,
        at=fact.at,
        event=fact.event,
        task_id=detail.task.id,
        delivery_id=fact.delivery_id,
        fence=fact.fence,
        data=dict(fact.data),
    )


def _delivery_line(part: TaskDelivery) -> str:
    delivery = part.delivery
    return f"  {delivery.id}  {told(delivery.received_at)}  {part.role}"
