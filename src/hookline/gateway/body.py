"""Reads a body while its signature is computed, within a length, a deadline and the room there is."""

from dataclasses import dataclass
from datetime import timedelta

from hookline.domain.delivery import BodySignature
from hookline.domain.errors import BodyTooLargeError, MalformedPayloadError, RefusedDeliveryError
from hookline.domain.source import MEBIBYTE, Source
from hookline.gateway.admission import Admission, Room
from hookline.gateway.asgi import HttpRequestEvent, Receive
from hookline.gateway.deadlines import Deadlines


class BodyTooSlowError(RefusedDeliveryError):
    """The body did not arrive in time."""

    status = 408
    word = "malformed"


class ClientGoneError(RefusedDeliveryError):
    """The client hung up before its body was complete; there is nobody to answer."""


@dataclass(frozen=True, slots=True)
class BodyDeadline:
    """How long a body may take: a base, and more for each declared MiB."""

    base: timedelta = timedelta(seconds=10)
    per_mebibyte: timedelta = timedelta(seconds=1)

    def seconds(self, size: int) -> float:
        """The deadline of a body of this size."""
        return self.base.total_seconds() + self.per_mebibyte.total_seconds() * size / MEBIBYTE


class BodyReader:
    """Reads bodies for one source."""

    def __init__(self, source: Source, admission: Admission, deadline: BodyDeadline) -> None:
        """Keep the source's limit, the shared admission and the deadline."""
        self._source = source
        self._admission = admission
        self._deadline = deadline
        self._soon = deadline.seconds(MEBIBYTE)
        self._deadlines = Deadlines()

    def declared_length(self, content_length: str | None) -> int | None:
        """The Content-Length, if there is one.

        Raises:
            MalformedPayloadError: not a number.
            BodyTooLargeError: more than the source's limit.
        """
        if content_length is None:
            return None
        if not (content_length.isascii() and content_length.isdigit()):
            raise MalformedPayloadError(self._source.provider, "Content-Length is not a number")
        length = int(content_length) if len(content_length) < _DIGITS else self._source.max_body + 1
        self._refuse_if_larger(length)
        return length

    async def read(
        self, receive: Receive, signature: BodySignature, address: str, declared: int | None
    ) -> bytes:
        """Read a whole body and check its signature.

        Raises:
            OverloadedError: no room for it.
            BodyTooLargeError: it turned out larger than the limit.
            BodyTooSlowError: it took too long.
            ClientGoneError: it broke off.
            SignatureRejectedError: the signature does not hold.
        """
        room = self._admission.enter(self._source.provider, address, declared or 0)
        try:
            with self._deadlines.within(self._seconds(declared or self._source.max_body)):
                body = await self._pieces(receive, signature, room)
        except TimeoutError:
            raise BodyTooSlowError(self._source.provider, "the body took too long to arrive") from None
        finally:
            self._admission.leave(room)
        signature.check()
        return body

    async def _pieces(self, receive: Receive, signature: BodySignature, room: Room) -> bytes:
        event = await receive()
        first = self._piece(event)
        signature.update(first)
        if not event["more_body"]:
            self._refuse_if_larger(len(first))
            return first
        pieces, size, has_more = [first], len(first), True
        while has_more:
            self._refuse_if_larger(size)
            self._admission.grow(room, size, self._source.max_body)
            event = await receive()
            piece = self._piece(event)
            signature.update(piece)
            pieces.append(piece)
            size += len(piece)
            has_more = event["more_body"]
        self._refuse_if_larger(size)
        return b"".join(pieces)

    def _seconds(self, size: int) -> float:
        return self._soon if size <= MEBIBYTE else self._deadline.seconds(size)

    def _piece(self, event: HttpRequestEvent) -> bytes:
        if event["type"] == "http.disconnect":
            raise ClientGoneError(self._source.provider, "the client hung up")
        return event["body"]

    def _refuse_if_larger(self, size: int) -> None:
        if size > self._source.max_body:
            limit = self._source.max_body / MEBIBYTE
            raise BodyTooLargeError(self._source.provider, f"the body is larger than {limit:g} MiB")


_DIGITS = 16
