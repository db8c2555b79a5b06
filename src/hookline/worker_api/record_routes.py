"""`/worker/v1/…`: what a worker tells of an attempt while it runs."""

from typing import Annotated, TypeVar

from fastapi import APIRouter, Header

from hookline.domain.lifecycle import Lost
from hookline.domain.work_records import AgentLine, EffectWish, Usage
from hookline.domain.worker_messages import (
    EffectAnswer,
    EffectRequest,
    LogAnswer,
    LogRequest,
    SessionAnswer,
    SessionRequest,
    UsageReport,
    UsageRequest,
)
from hookline.domain.workers import WorkLease
from hookline.worker_api.desk import LostLeaseError, WorkerDesk

Authorization = Annotated[str | None, Header()]
KeptT = TypeVar("KeptT")


def add_records(router: APIRouter, desk: WorkerDesk) -> None:
    """Add the routes over these parts."""

    async def own(authorization: str | None, token: str) -> WorkLease:
        return await desk.lease_of(await desk.worker(authorization), token)

    async def log(asked: LogRequest, authorization: Authorization = None) -> LogAnswer:
        """Add lines to the task's log."""
        lease = await own(authorization, asked.lease_token)
        lines = [AgentLine(line.event, line.text, line.name) for line in asked.lines]
        logged = _kept(await desk.records.log(lease, asked.first, lines, desk.clock()))
        return LogAnswer(stored=logged.stored, next=logged.next, is_truncated=logged.is_truncated)

    async def usage(asked: UsageRequest, authorization: Authorization = None) -> UsageReport:
        """Tell what the attempt has used so far."""
        lease = await own(authorization, asked.lease_token)
        kept = _kept(await desk.records.usage(lease, _usage(asked)))
        return UsageReport(
            input_tokens=kept.input_tokens,
            cached_input_tokens=kept.cached_input_tokens,
            output_tokens=kept.output_tokens,
            turns=kept.turns,
            cost_micro_usd=kept.cost_micro_usd,
        )

    async def session(asked: SessionRequest, authorization: Authorization = None) -> SessionAnswer:
        """Tell the agent's session."""
        lease = await own(authorization, asked.lease_token)
        return SessionAnswer(session=_kept(await desk.records.session(lease, asked.session, desk.clock())))

    async def effect(asked: EffectRequest, authorization: Authorization = None) -> EffectAnswer:
        """Ask for something that the outside world shall see."""
        lease = await own(authorization, asked.lease_token)
        wish = EffectWish(asked.kind, asked.key, asked.payload)
        kept = _kept(await desk.records.effect(lease, wish, desk.clock()))
        return EffectAnswer(key=kept.key, is_new=kept.is_new)

    for record in (log, usage, session, effect):
        router.add_api_route(f"/{record.__name__}", record, methods=["POST"])


def _kept(answer: KeptT | Lost) -> KeptT:
    if isinstance(answer, Lost):
        raise LostLeaseError(answer)
    return answer


def _usage(asked: UsageRequest) -> Usage:
    return Usage(
        input_tokens=asked.input_tokens,
        cached_input_tokens=asked.cached_input_tokens,
        output_tokens=asked.output_tokens,
        turns=asked.turns,
        cost_micro_usd=asked.cost_micro_usd,
    )
