"""The port that every provider's handler implements."""

from typing import Protocol

from hookline.domain.delivery import Answer, BodySignature, Delivery, Headers, RequestHead, Verdict
from hookline.domain.outcome import Facts, Outcome
from hookline.domain.source import Source


class WebhookHandler(Protocol):
    """Understands one source of one provider; does no I/O.

    One instance serves one source, with its secrets, clock and policy injected.
    """

    @property
    def source(self) -> Source:
        """The source it serves."""
        ...

    @property
    def content_types(self) -> frozenset[str]:
        """Media types the provider sends, in lower case."""
        ...

    @property
    def kept_headers(self) -> frozenset[str]:
        """Names of the headers worth storing; everything else is dropped, secrets with it."""
        ...

    def signature(self, head: RequestHead, /) -> BodySignature:
        """Check what the headers alone can tell, and begin the check of the body.

        Raises:
            SignatureRejectedError: the header is missing or malformed, or the timestamp is stale.
        """
        ...

    def verify(self, delivery: Delivery, /) -> None:
        """Check headers and body at once.

        Raises:
            SignatureRejectedError: it was not signed with a secret of the source.
        """
        ...

    def interpret(self, delivery: Delivery, /) -> Outcome:
        """Decide what a verified delivery asks for.

        Raises:
            MalformedPayloadError: the body is not what the provider documents.
        """
        ...

    def redact(self, body: bytes, headers: Headers, /) -> bytes:
        """The body as it may be stored: the secrets that payloads carry are blanked."""
        ...

    def acknowledge(self, facts: Facts, verdict: Verdict, /) -> Answer:
        """The answer in the form this provider expects."""
        ...
