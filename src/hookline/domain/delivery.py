"""An inbound webhook request, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Literal, Protocol, TypeAlias

from hookline.domain.frozen import frozen
from hookline.domain.ids import DeliveryId, TaskId

Headers: TypeAlias = Mapping[str, str]
"""Header names in lower case; values decoded as latin-1."""


@frozen
class RequestHead:
    """What is known of a request before its body is read."""

    headers: Headers
    received_at: datetime
    remote: str


@dataclass(slots=True)
class Delivery:
    """One inbound webhook request with its raw bytes, whose hash is computed once."""

    id: DeliveryId
    head: RequestHead
    body: bytes
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        """Compute the hexadecimal SHA-256 of the raw bytes."""
        self.sha256 = sha256(self.body).hexdigest()

    @property
    def headers(self) -> Headers:
        """The request's headers."""
        return self.head.headers


class BodySignature(Protocol):
    """A signature check that is fed the raw body while it streams in."""

    def update(self, chunk: bytes, /) -> None:
        """Take the next bytes of the body."""
        ...

    def check(self) -> None:
        """Compare in constant time.

        Raises:
            SignatureRejectedError: the body was not signed with a secret of the source.
        """
        ...


@frozen
class Accepted:
    """The delivery became a task."""

    task_id: TaskId
    status: Literal["accepted"] = "accepted"


@frozen
class Duplicate:
    """The delivery's subject is known already; `task_id` is the first one's task."""

    task_id: TaskId | None
    status: Literal["duplicate"] = "duplicate"


@frozen
class Applied:
    """A control was applied; `told` is what it says back to the asker, where it has something to say."""

    control: str
    task_id: TaskId | None
    status: Literal["applied"] = "applied"
    told: str | None = None


@frozen
class Passed:
    """Valid, and nothing to do, for the recorded reason."""

    reason: str
    status: Literal["ignored"] = "ignored"


@frozen
class Replied:
    """A handshake, answered as the provider expects."""

    body: bytes
    content_type: str
    status: Literal["reply"] = "reply"


Verdict: TypeAlias = Accepted | Duplicate | Applied | Passed | Replied


@frozen
class Answer:
    """An HTTP answer: status code, content type and body."""

    code: int
    body: bytes
    content_type: str = "application/json"
