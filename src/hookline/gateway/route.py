"""One webhook route: from the head of a request to its answer."""

import asyncio
from dataclasses import dataclass
from time import perf_counter
from typing import assert_never

from hookline.core.intake import Intake
from hookline.core.metrics import Metrics
from hookline.core.notebook import Notebook
from hookline.core.payloads import media_type
from hookline.domain.delivery import (
    Accepted,
    Answer,
    Delivery,
    Headers,
    Passed,
    Replied,
    RequestHead,
    Verdict,
)
from hookline.domain.errors import SignatureRejectedError, UnsupportedMediaError
from hookline.domain.ids import Clock, DeliveryId, NewId, TaskId
from hookline.domain.intake import Note, Receipt, Submission
from hookline.domain.outcome import ControlRequested, Ignored, Outcome, Reply, TaskRequested
from hookline.domain.webhook import WebhookHandler
from hookline.gateway.admission import Admission
from hookline.gateway.asgi import Receive
from hookline.gateway.body import BodyDeadline, BodyReader, BodyTooSlowError, ClientGoneError
from hookline.gateway.large_bodies import LargeBodies
from hookline.gateway.receipts import LARGE_BODY, make_receipt


@dataclass(frozen=True, slots=True)
class RouteParts:
    """What all routes share."""

    intake: Intake
    notebook: Notebook
    admission: Admission
    metrics: Metrics
    clock: Clock
    new_id: NewId
    deadline: BodyDeadline
    large_bodies: LargeBodies


class WebhookRoute:
    """Serves one source."""

    def __init__(self, handler: WebhookHandler, parts: RouteParts) -> None:
        """Keep the source's handler and the shared parts."""
        self._handler = handler
        self._parts = parts
        self._reader = BodyReader(handler.source, parts.admission, parts.deadline)
        self._provider = handler.source.provider

    @property
    def provider(self) -> str:
        """The provider it serves."""
        return self._provider

    async def serve(self, headers: Headers, remote: str, receive: Receive) -> Answer:
        """Take one delivery.

        Raises:
            RefusedDeliveryError: it is refused; the error knows its status.
            StorageUnavailableError: the database cannot take it.
            UnstorableError: the database refuses this one.
        """
        began = perf_counter()
        delivery = await self._verified(headers, remote, receive)
        if len(delivery.body) > LARGE_BODY:
            async with self._parts.large_bodies.turn(self._provider, len(delivery.body)):
                outcome, receipt = await asyncio.to_thread(self._understand, delivery)
        else:
            outcome, receipt = self._understand(delivery)
        verdict = await self._decide(outcome, receipt)
        self._parts.metrics.answered(self._provider, verdict.status)
        if isinstance(verdict, Accepted):
            self._parts.metrics.accepted_in(self._provider, perf_counter() - began)
        return self._handler.acknowledge(outcome.facts, verdict)

    async def _verified(self, headers: Headers, remote: str, receive: Receive) -> Delivery:
        self._refuse_unsupported(headers)
        head = RequestHead(headers, self._parts.clock(), remote)
        declared = self._reader.declared_length(headers.get("content-length"))
        try:
            signature = self._handler.signature(head)
            body = await self._reader.read(receive, signature, remote, declared)
        except SignatureRejectedError:
            self._parts.admission.failures.add(remote)
            self._parts.metrics.rejected_signature(self._provider)
            raise
        except (BodyTooSlowError, ClientGoneError):
            self._parts.admission.failures.add(remote)
            raise
        return Delivery(DeliveryId(self._parts.new_id()), head, body)

    def _refuse_unsupported(self, headers: Headers) -> None:
        if headers.get("content-encoding", "identity") != "identity":
            raise UnsupportedMediaError(self._provider, "content encodings are not accepted")
        if media_type(headers.get("content-type", "")) not in self._handler.content_types:
            allowed = " or ".join(sorted(self._handler.content_types))
            raise UnsupportedMediaError(self._provider, f"Content-Type must be {allowed}")

    def _understand(self, delivery: Delivery) -> tuple[Outcome, Receipt]:
        return self._handler.interpret(delivery), make_receipt(self._handler, delivery)

    async def _decide(self, outcome: Outcome, receipt: Receipt) -> Verdict:
        match outcome:
            case TaskRequested() | ControlRequested():
                submission = Submission(receipt, outcome, TaskId(self._parts.new_id()))
                return await self._parts.intake.submit(submission)
            case Ignored():
                self._parts.notebook.add(Note(receipt, outcome))
                return Passed(outcome.reason.value)
            case Reply():
                self._parts.notebook.add(Note(receipt, outcome))
                return Replied(outcome.body, outcome.content_type)
            case _:
                assert_never(outcome)
