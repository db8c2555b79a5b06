"""`hookline replay`: decide about a stored delivery anew."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from pydantic import JsonValue

from hookline.bootstrap import make_handlers
from hookline.clock import new_id, utc_now
from hookline.console.operator import operator
from hookline.console.presentation import Column, print_facts, print_json, print_lines, print_table, screen
from hookline.console.running import Desk, run_at_desk
from hookline.core.insights import Insights
from hookline.core.replaying import (
    Decision,
    Difference,
    arrived_again,
    decision_then,
    decision_today,
    differences,
    renewed,
)
from hookline.domain.delivery import Accepted, Applied, Delivery, Duplicate, Passed, Replied, Verdict
from hookline.domain.errors import ConfigurationError, NotFoundError
from hookline.domain.ids import DeliveryId, TaskId
from hookline.domain.intake import Note, Receipt, Submission
from hookline.domain.outcome import ControlRequested, Ignored, Outcome, Reply, TaskRequested
from hookline.domain.reading import AuditEntry, DeliverySummary
from hookline.domain.task import Task
from hookline.domain.webhook import WebhookHandler
from hookline.gateway.receipts import make_receipt
from hookline.storage.ingest import SqlIngestStore
from hookline.storage.replays import SqlReplayRegister

ACTION = "delivery.replayed"


@dataclass(frozen=True, slots=True)
class _Case:
    """A stored delivery with today's decision about it."""

    stored: DeliverySummary
    handler: WebhookHandler
    delivery: Delivery
    outcome: Outcome

    @property
    def root(self) -> DeliveryId:
        """The delivery that a provider sent."""
        return self.stored.replay_of or self.stored.id


def replay(reference: str, *, dry_run: bool, as_json: bool) -> None:
    """Replay a delivery, or show what would come of it.

    Raises:
        NotFoundError: there is no such delivery, or its body is no longer kept.
        MalformedPayloadError: today's handler does not understand it.
        ConfigurationError: its source is not configured any more.
    """

    async def work(desk: Desk) -> None:
        case = await _case(desk, reference)
        if dry_run:
            then = decision_then(case.stored, await _task(desk.insights, case.stored.task_id))
            _show_dry(case, then, decision_today(case.outcome), as_json)
            return
        generation = await _begin(desk, case)
        verdict = await _settle(desk, case, generation)
        _show(case, verdict, generation, as_json)

    run_at_desk(work)


async def _case(desk: Desk, reference: str) -> _Case:
    raw = await desk.insights.raw_for_replay(reference)
    stored = (await desk.insights.delivery(raw.id)).delivery
    handlers = make_handlers(desk.settings)
    found = (h for h in handlers if (h.source.provider, h.source.name) == (raw.provider, raw.source))
    handler = next(found, None)
    if handler is None:
        raise ConfigurationError(
            f"the delivery came from {raw.provider}/{raw.source}, which has no secret or is not configured"
        )
    delivery = arrived_again(raw, DeliveryId(new_id()), utc_now)
    return _Case(stored, handler, delivery, handler.interpret(delivery))


async def _task(insights: Insights, task_id: TaskId | None) -> Task | None:
    try:
        return None if task_id is None else (await insights.task(task_id)).task
    except NotFoundError:
        return None


async def _begin(desk: Desk, case: _Case) -> int:
    data: Mapping[str, JsonValue] = {"who": operator(), "delivery": case.delivery.id}
    entry = AuditEntry(new_id(), utc_now(), ACTION, case.root, data)
    return await SqlReplayRegister(desk.database).begin(case.root, entry)


async def _settle(desk: Desk, case: _Case, generation: int) -> Verdict:
    store = SqlIngestStore(desk.database, desk.settings.caps)
    receipt = _receipt(case)
    outcome = renewed(case.outcome, generation)
    match outcome:
        case TaskRequested() | ControlRequested():
            committed = await store.commit([Submission(receipt, outcome, TaskId(new_id()))])
            return committed.verdicts[0]
        case Ignored(reason=reason):
            await store.record([Note(receipt, outcome)])
            return Passed(reason.value)
        case Reply(body=body, content_type=content_type):
            await store.record([Note(receipt, outcome)])
            return Replied(body, content_type)
        case _:
            assert_never(outcome)


def _receipt(case: _Case) -> Receipt:
    """The receipt of the replay; size and hash stay those of the bytes that the provider sent."""
    made = make_receipt(case.handler, case.delivery)
    return replace(made, size=case.stored.size, sha256=case.stored.sha256, replay_of=case.root)


def _show(case: _Case, verdict: Verdict, generation: int, as_json: bool) -> None:
    out, told = screen(), _told(verdict)
    if as_json:
        parts: dict[str, JsonValue] = {
            "delivery": case.delivery.id,
            "replay_of": case.root,
            "generation": generation,
            "status": verdict.status,
        }
        print_json(out, {**parts, **told})
        return
    print_facts(
        out,
        {
            "status": verdict.status,
            **told,
            "delivery": f"{case.delivery.id}, replay {generation} of {case.root}",
        },
    )


def _told(verdict: Verdict) -> dict[str, str | None]:
    match verdict:
        case Accepted(task_id=task_id) | Duplicate(task_id=task_id):
            return {"task_id": task_id}
        case Applied(control=control, task_id=task_id):
            return {"control": control, "task_id": task_id}
        case Passed(reason=reason):
            return {"reason": reason}
        case Replied():
            return {}
        case _:
            assert_never(verdict)


def _show_dry(case: _Case, then: Decision, today: Decision, as_json: bool) -> None:
    out, differing = screen(), differences(then, today)
    if as_json:
        print_json(
            out,
            {
                "delivery": case.stored.id,
                "then": dict(then.parts),
                "today": dict(today.parts),
                "differs": [name for name, _, _ in differing],
            },
        )
        return
    marked = {name for name, _, _ in differing}
    pairs = [(name, then.parts[name], today.parts[name]) for name in then.parts]
    columns = (Column(""), Column("then", fixed=False), Column("today", fixed=False), Column("differs"))
    print_table(out, columns, (_row(pair, marked) for pair in pairs if pair[1] or pair[2]))
    summary = f"differs: {', '.join(sorted(marked))}" if marked else "the same is decided today"
    print_lines(out, ("", summary))


def _row(pair: Difference, marked: set[str]) -> tuple[str, ...]:
    name, old, new = pair
    return (name, old or "-", new or "-", "yes" if name in marked else "")
