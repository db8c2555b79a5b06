"""`/health/live` and `/health/ready`."""

import asyncio
from collections.abc import Sequence

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from hookline.domain.health import Probe

PROBE_SECONDS = 2.0


class Live(BaseModel):
    """The process runs."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    status: str


class Ready(BaseModel):
    """`ready`, `degraded` (webhooks are accepted, something else is down) or `down`, and what is down."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    status: str
    down: dict[str, str]


def health_routes(probes: Sequence[Probe]) -> APIRouter:
    """The health routes over these probes."""
    router = APIRouter(prefix="/health", tags=["health"])

    async def live() -> Live:
        """Tell that the process answers."""
        return Live(status="live")

    async def ready(response: Response) -> Ready:
        """Tell what is down; 503 while webhooks cannot be accepted."""
        troubles = await asyncio.gather(*(_ask(probe) for probe in probes))
        down = {probe.name: why for probe, why in zip(probes, troubles, strict=True) if why is not None}
        is_down = any(probe.is_vital and probe.name in down for probe in probes)
        if is_down:
            response.status_code = 503
        return Ready(status="down" if is_down else "degraded" if down else "ready", down=down)

    router.add_api_route("/live", live, methods=["GET"])
    router.add_api_route("/ready", ready, methods=["GET"], responses={503: {"model": Ready}})
    return router


async def _ask(probe: Probe) -> str | None:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            return await probe.trouble()
    except TimeoutError:
        return "does not answer"
