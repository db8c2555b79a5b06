"""How the worker routes say no: one sentence, a status, and never what was sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter

from hookline.domain.errors import (
    QueueUnavailableError,
    StorageUnavailableError,
    UnfitFinishError,
    UnfitRecordError,
    UnstorableError,
)
from hookline.domain.text import NAME_LIMIT, shorten
from hookline.domain.worker_messages import LeaseState, Trouble
from hookline.worker_api.bounded import TooLargeError, UnreadableError
from hookline.worker_api.desk import LostLeaseError, UnknownTokenError
from hookline.worker_api.routes import lost_state

RETRY_AFTER_SECONDS = "1"


@dataclass(frozen=True, slots=True)
class _Invalid:
    """The part of an error that is told: where and what, never the value."""

    type: str
    loc: tuple[str | int, ...]
    msg: str


_STATUS: Mapping[type[Exception], HTTPStatus] = {
    UnknownTokenError: HTTPStatus.UNAUTHORIZED,
    LostLeaseError: HTTPStatus.CONFLICT,
    UnreadableError: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnfitFinishError: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnfitRecordError: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnstorableError: HTTPStatus.UNPROCESSABLE_ENTITY,
    StorageUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    QueueUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
}
_HEADERS: Mapping[HTTPStatus, Mapping[str, str]] = {
    HTTPStatus.SERVICE_UNAVAILABLE: {"retry-after": RETRY_AFTER_SECONDS},
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: {"connection": "close"},
    HTTPStatus.UNAUTHORIZED: {"www-authenticate": "Bearer"},
}
_ERRORS: TypeAdapter[list[_Invalid]] = TypeAdapter(list[_Invalid])


def add_refusals(app: FastAPI) -> None:
    """Answer every error that the routes may raise."""

    async def refuse(_request: Request, error: Exception) -> JSONResponse:
        lease = lost_state(error.lost) if isinstance(error, LostLeaseError) else None
        return _refusal(_STATUS[type(error)], str(error), lease)

    async def refuse_invalid(_request: Request, error: Exception) -> JSONResponse:
        why = _first(error) if isinstance(error, RequestValidationError) else "not as described"
        return _refusal(HTTPStatus.UNPROCESSABLE_ENTITY, why)

    async def refuse_large(_request: Request, error: Exception) -> JSONResponse:
        why = error.detail if isinstance(error, TooLargeError) else "too large"
        return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why)

    app.add_exception_handler(TooLargeError, refuse_large)
    for kind in _STATUS:
        app.add_exception_handler(kind, refuse)
    app.add_exception_handler(RequestValidationError, refuse_invalid)


def _refusal(status: HTTPStatus, why: str, lease: LeaseState | None = None) -> JSONResponse:
    content = Trouble(error=why, lease=lease).model_dump(mode="json")
    return JSONResponse(content, status, _HEADERS.get(status))


def _first(error: RequestValidationError) -> str:
    first = _ERRORS.validate_python(error.errors())[0]
    if first.type == "json_invalid":
        return "the body cannot be read as JSON"
    field = shorten(".".join(map(str, first.loc[1:])), NAME_LIMIT) or "the body"
    return f"{field}: {first.msg}"
