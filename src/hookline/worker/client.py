"""The typed client that workers use; speaks HTTP only, and keeps no state but its connection."""

from http import HTTPStatus
from typing import TypeVar

import httpx
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from hookline.domain.errors import HooklineError
from hookline.domain.worker_messages import (
    LARGEST_BODY,
    ClaimAnswer,
    ClaimRequest,
    CompleteRequest,
    DeferRequest,
    EffectAnswer,
    EffectRequest,
    EndAnswer,
    EndRequest,
    FailRequest,
    HeartbeatAnswer,
    HeartbeatRequest,
    LeaseState,
    LogAnswer,
    LogRequest,
    Message,
    ReleaseRequest,
    SessionAnswer,
    SessionRequest,
    StopRequest,
    Trouble,
    UsageReport,
    UsageRequest,
    WaitRequest,
)

AnswerT = TypeVar("AnswerT", bound=Message)
ANSWER_SECONDS = 15.0
"""How long an answer may take beyond what it was asked to wait."""


class GatewayAwayError(HooklineError):
    """The gateway cannot be reached, or cannot do it now; the same call may be made again."""


class RefusedError(HooklineError):
    """The gateway refuses the call, or would, since it is too large; made again it would be refused again."""

    def __init__(self, status: int, why: str) -> None:
        """Keep the status and the reason."""
        super().__init__(f"refused with {status}: {why}")
        self.status = status


class LeaseLostError(HooklineError):
    """The attempt is over for this worker; `lease` tells who has the task now."""

    def __init__(self, lease: LeaseState) -> None:
        """Keep what became of it."""
        super().__init__(f"the lease is lost; the task is {lease.state or 'unknown'}")
        self.lease = lease


class WorkerClient:
    """Calls of one worker. Each may be repeated after `GatewayAwayError`: nothing is done twice."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        """Keep the connection, whose `base_url` is the gateway's admin listener, and the worker's token."""
        self._http = http
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    async def claim(self, asked: ClaimRequest) -> ClaimAnswer:
        """Get tasks to run.

        Raises:
            GatewayAwayError: ask again with the same `claim_id`.
            RefusedError: the token is none, or the request makes no sense.
        """
        return await self._call("claim", asked, ClaimAnswer, asked.wait_seconds)

    async def heartbeat(self, asked: HeartbeatRequest) -> HeartbeatAnswer:
        """Keep leases, and hear which are lost or should stop; raises as `claim` does."""
        return await self._call("heartbeat", asked, HeartbeatAnswer, asked.wait_seconds)

    async def log(self, asked: LogRequest) -> LogAnswer:
        """Add lines to the task's log; raises as `complete` does."""
        return await self._call("log", asked, LogAnswer, 0)

    async def usage(self, asked: UsageRequest) -> UsageReport:
        """Tell what the attempt has used so far; raises as `complete` does."""
        return await self._call("usage", asked, UsageReport, 0)

    async def session(self, asked: SessionRequest) -> SessionAnswer:
        """Tell the agent's session; raises as `complete` does."""
        return await self._call("session", asked, SessionAnswer, 0)

    async def effect(self, asked: EffectRequest) -> EffectAnswer:
        """Ask for something that the outside world shall see; raises as `complete` does."""
        return await self._call("effect", asked, EffectAnswer, 0)

    async def complete(self, asked: CompleteRequest) -> EndAnswer:
        """The task succeeded; raises as `claim` does, and `LeaseLostError`."""
        return await self._end("complete", asked)

    async def fail(self, asked: FailRequest) -> EndAnswer:
        """The task failed; raises as `complete` does."""
        return await self._end("fail", asked)

    async def release(self, asked: ReleaseRequest) -> EndAnswer:
        """Give the task back; raises as `complete` does."""
        return await self._end("release", asked)

    async def defer(self, asked: DeferRequest) -> EndAnswer:
        """The task is to come again later; raises as `complete` does."""
        return await self._end("defer", asked)

    async def wait(self, asked: WaitRequest) -> EndAnswer:
        """The task waits for a person; raises as `complete` does."""
        return await self._end("wait", asked)

    async def stop(self, asked: StopRequest) -> EndAnswer:
        """The task stopped, as it was asked to; raises as `complete` does."""
        return await self._end("stop", asked)

    async def _end(self, what: str, asked: EndRequest) -> EndAnswer:
        return await self._call(what, asked, EndAnswer, 0)

    async def _call(self, what: str, asked: Message, kind: type[AnswerT], wait_seconds: float) -> AnswerT:
        content = _written(asked)
        if len(content) > LARGEST_BODY:
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {LARGEST_BODY} bytes")
        try:
            answer = await self._http.post(
                f"/worker/v1/{what}",
                content=content,
                headers=self._headers,
                timeout=ANSWER_SECONDS + wait_seconds,
            )
        except httpx.HTTPError as error:
            raise GatewayAwayError(f"the gateway cannot be reached: {type(error).__name__}") from error
        if answer.status_code == HTTPStatus.OK:
            return _read(answer, kind)
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise GatewayAwayError(f"the gateway answers {answer.status_code}")
        trouble = _read(answer, Trouble)
        if answer.status_code == HTTPStatus.CONFLICT and trouble.lease is not None:
            raise LeaseLostError(trouble.lease)
        raise RefusedError(answer.status_code, trouble.error)


def _written(asked: Message) -> bytes:
    try:
        return asked.model_dump_json().encode()
    except PydanticSerializationError:
        raise RefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "what was to be sent cannot be written as JSON"
        ) from None


def _read(answer: httpx.Response, kind: type[AnswerT]) -> AnswerT:
    try:
        return kind.model_validate_json(answer.content)
    except ValidationError:
        raise RefusedError(answer.status_code, "what answers is no Hookline of this version") from None
