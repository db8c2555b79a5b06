"""Understands the webhooks of Sentry's integration platform."""

from collections.abc import Callable, Mapping

from hookline.core.answers import standard_answer
from hookline.core.signatures import HmacSignature
from hookline.domain.delivery import Answer, BodySignature, Delivery, Headers, RequestHead, Verdict
from hookline.domain.errors import MalformedPayloadError
from hookline.domain.ids import Clock
from hookline.domain.outcome import Facts, Outcome
from hookline.domain.policy import Policy
from hookline.domain.source import Source
from hookline.domain.text import NAME_LIMIT, clean, one_line
from hookline.webhooks.sentry.alerts import read_error, read_event_alert, read_metric_alert
from hookline.webhooks.sentry.arrival import Arrival
from hookline.webhooks.sentry.comments import read_comment
from hookline.webhooks.sentry.handshakes import read_installation, read_unknown, read_unused
from hookline.webhooks.sentry.issues import read_issue
from hookline.webhooks.sentry.payloads import PROVIDER
from hookline.webhooks.sentry.redaction import without_installation_code

RESOURCE_HEADER = "sentry-hook-resource"
SIGNATURE_HEADER = "sentry-hook-signature"
REQUEST_HEADER = "request-id"

NOT_USED = frozenset({"activity_alert", "preprod_artifact", "seer", "size_analysis"})
"""Resources that Sentry is known to send and that start nothing."""

_READERS: Mapping[str, Callable[[Arrival], Outcome]] = {
    "comment": read_comment,
    "error": read_error,
    "event_alert": read_event_alert,
    "installation": read_installation,
    "issue": read_issue,
    "metric_alert": read_metric_alert,
    **dict.fromkeys(NOT_USED, read_unused),
}


class SentryHandler:
    """Handles one Sentry organisation or integration; implements `WebhookHandler`."""

    def __init__(self, source: Source, policy: Policy, clock: Clock) -> None:
        """Keep the source and the rules; no time is signed, so there is nothing to ask the clock."""
        del clock
        self._source = source
        self._policy = policy

    @property
    def source(self) -> Source:
        """The source it serves."""
        return self._source

    @property
    def content_types(self) -> frozenset[str]:
        """Sentry sends JSON only."""
        return frozenset({"application/json"})

    @property
    def kept_headers(self) -> frozenset[str]:
        """The headers worth storing."""
        return frozenset(
            {RESOURCE_HEADER, "sentry-hook-timestamp", REQUEST_HEADER, "content-type", "user-agent"}
        )

    def signature(self, head: RequestHead, /) -> BodySignature:
        """Begin the check of a bare hexadecimal HMAC-SHA256 of the body.

        Raises:
            SignatureRejectedError: the header is missing or malformed.
        """
        return HmacSignature(PROVIDER, self._source.secrets, head.headers.get(SIGNATURE_HEADER))

    def verify(self, delivery: Delivery, /) -> None:
        """Check headers and body at once.

        Raises:
            SignatureRejectedError: it was not signed with a secret of the source.
        """
        signature = self.signature(delivery.head)
        signature.update(delivery.body)
        signature.check()

    def interpret(self, delivery: Delivery, /) -> Outcome:
        """Decide what a verified delivery asks for.

        Raises:
            MalformedPayloadError: the body is not what Sentry documents, or no header names its resource,
                as from the legacy plugin.
        """
        resource = delivery.headers.get(RESOURCE_HEADER)
        if not resource or resource.isspace():
            raise MalformedPayloadError(PROVIDER, "Sentry-Hook-Resource: header missing")
        request_id = delivery.headers.get(REQUEST_HEADER)
        arrival = Arrival(
            self._source,
            self._policy,
            one_line(clean(resource), NAME_LIMIT),
            one_line(clean(request_id), NAME_LIMIT) if request_id else None,
            delivery.body,
        )
        return _READERS.get(resource, read_unknown)(arrival)

    def redact(self, body: bytes, headers: Headers, /) -> bytes:
        """The body with the grant code of an installation blanked."""
        del headers
        return without_installation_code(body)

    def acknowledge(self, facts: Facts, verdict: Verdict, /) -> Answer:
        """The standard answers; Sentry looks at the status only."""
        del facts
        return standard_answer(verdict)
