"""`/worker/v1/…`: claim, heartbeat, and the ways in which an attempt ends."""

import json
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Header, Request

from hookline.core.claiming import Assignment
from hookline.domain.lifecycle import (
    BeatAnswer,
    Complete,
    Ending,
    Fail,
    Finished,
    Held,
    Lost,
    Postpone,
    Release,
    Stop,
    Wait,
)
from hookline.domain.queue import ClaimId
from hookline.domain.worker_messages import (
    ClaimAnswer,
    ClaimRequest,
    CompleteRequest,
    DeferRequest,
    EndAnswer,
    EndRequest,
    FailRequest,
    HeartbeatAnswer,
    HeartbeatRequest,
    LeaseState,
    ReleaseRequest,
    StopRequest,
    Trouble,
    WaitRequest,
)
from hookline.domain.workers import Worker
from hookline.worker_api.assignments import assigned
from hookline.worker_api.bounded import BoundedRoute
from hookline.worker_api.desk import LostLeaseError, UnknownTokenError, WorkerDesk
from hookline.worker_api.presence import caller_of
from hookline.worker_api.record_routes import add_records

KNOWN_FOR = timedelta(seconds=1)
"""A worker whose claim waited longer is looked up again before it is given anything."""

Authorization = Annotated[str | None, Header()]
_LOST = LeaseState(status="lost")
_REFUSALS = {
    401: {"model": Trouble, "description": "No worker's token, or a lease token of another worker."},
    409: {"model": Trouble, "description": "The lease is lost; tells who holds it now."},
    413: {"model": Trouble, "description": "The request is too large."},
    422: {"model": Trouble, "description": "Something in the request is not as described."},
    503: {"model": Trouble, "description": "The database or the queue does not answer; come again."},
}


def worker_routes(desk: WorkerDesk) -> APIRouter:
    """The routes over these parts."""
    router = APIRouter(
        prefix="/worker/v1", tags=["worker"], responses={**_REFUSALS}, route_class=BoundedRoute
    )

    async def claim(
        asked: ClaimRequest, request: Request, authorization: Authorization = None
    ) -> ClaimAnswer:
        """Get tasks to run; waits for the first one no longer than `wait_seconds`."""
        worker = await desk.worker(authorization)
        asked_at, wait = desk.clock(), timedelta(seconds=asked.wait_seconds)
        claim_id = _claim_id(worker, asked)
        async with caller_of(request) as caller:
            found = await desk.claiming.claim(worker.name, claim_id, asked.most, wait, caller)
            if caller.is_gone:
                await desk.claiming.take_back(found)
            elif found and desk.clock() - asked_at > KNOWN_FOR:
                await _still_known(desk, authorization, found)
        return ClaimAnswer(tasks=tuple(map(assigned, found)))

    async def heartbeat(asked: HeartbeatRequest, authorization: Authorization = None) -> HeartbeatAnswer:
        """Keep leases; the answer waits until one should stop, for `wait_seconds` or half a lease at most."""
        worker = await desk.worker(authorization)
        leases = await desk.leases_of(worker, asked.lease_tokens)
        known = [lease for lease in leases if lease is not None]
        wait = timedelta(seconds=asked.wait_seconds if len(known) == len(leases) else 0)
        answers = iter(await desk.leases.beat(known, wait))
        return HeartbeatAnswer(
            leases=tuple(_LOST if lease is None else _state(next(answers)) for lease in leases)
        )

    router.add_api_route("/claim", claim, methods=["POST"])
    router.add_api_route("/heartbeat", heartbeat, methods=["POST"])
    _add_endings(router, desk)
    add_records(router, desk)
    return router


def _add_endings(router: APIRouter, desk: WorkerDesk) -> None:
    async def complete(asked: CompleteRequest, authorization: Authorization = None) -> EndAnswer:
        """The task succeeded."""
        return await _end(desk, authorization, asked, Complete(asked.result))

    async def fail(asked: FailRequest, authorization: Authorization = None) -> EndAnswer:
        """The task failed, or is to be tried again."""
        seconds = asked.retry_in_seconds
        retry_at = None if seconds is None else desk.clock() + timedelta(seconds=seconds)
        return await _end(desk, authorization, asked, Fail(asked.reason, retry_at))

    async def release(asked: ReleaseRequest, authorization: Authorization = None) -> EndAnswer:
        """The worker gives the task back."""
        return await _end(desk, authorization, asked, Release(asked.reason))

    async def defer(asked: DeferRequest, authorization: Authorization = None) -> EndAnswer:
        """The task is to come again later."""
        until = desk.clock() + timedelta(seconds=asked.seconds)
        return await _end(desk, authorization, asked, Postpone(until, asked.reason))

    async def wait(asked: WaitRequest, authorization: Authorization = None) -> EndAnswer:
        """The task waits for a person."""
        until = desk.clock() + timedelta(seconds=asked.seconds)
        return await _end(desk, authorization, asked, Wait(asked.question, until))

    async def stop(asked: StopRequest, authorization: Authorization = None) -> EndAnswer:
        """The task stopped, as it was asked to."""
        return await _end(desk, authorization, asked, Stop(asked.reason))

    for ending in (complete, fail, release, defer, wait, stop):
        router.add_api_route(f"/{ending.__name__}", ending, methods=["POST"])


async def _end(desk: WorkerDesk, authorization: str | None, asked: EndRequest, ending: Ending) -> EndAnswer:
    worker = await desk.worker(authorization)
    lease = await desk.lease_of(worker, asked.lease_token)
    then = None if asked.next is None else desk.claiming.call(_claim_id(worker, asked.next), asked.next.most)
    ended = await desk.leases.finish(lease, ending, _digest(asked), then)
    if not isinstance(ended.answer, Finished):
        raise LostLeaseError(ended.answer)
    return EndAnswer(
        task_id=lease.task_id, state=ended.answer.state.value, tasks=tuple(map(assigned, ended.next))
    )


async def _still_known(desk: WorkerDesk, authorization: str | None, found: Sequence[Assignment]) -> None:
    try:
        _ = await desk.worker(authorization)
    except UnknownTokenError:
        await desk.claiming.take_back(found, "the worker was revoked while it waited")
        raise


def _claim_id(worker: Worker, asked: ClaimRequest) -> ClaimId:
    """A claim's name: two workers may make up the same one, and it may hold any character."""
    return ClaimId(sha256(f"{worker.name}\n{asked.claim_id}".encode()).hexdigest())


def _digest(asked: EndRequest) -> str:
    content = json.dumps(asked.model_dump(exclude={"next"}))
    return sha256(f"{type(asked).__name__} {content}".encode()).hexdigest()


def _state(answer: BeatAnswer) -> LeaseState:
    if isinstance(answer, Held):
        return LeaseState(
            status="cancelled" if answer.is_cancelled else "held",
            task_id=answer.task_id,
            fence=answer.fence,
            lease_ends_at=answer.lease_ends_at,
        )
    return lost_state(answer)


def lost_state(lost: Lost) -> LeaseState:
    """A lost lease, as it is answered."""
    return LeaseState(
        status="lost",
        task_id=lost.task_id,
        fence=lost.fence,
        state=None if lost.state is None else lost.state.value,
        holder=lost.holder,
        holder_fence=lost.holder_fence,
    )
