"""Slack: events, slash commands, buttons and shortcuts.

Facts about the protocol: docs.slack.dev/apis/events-api and
docs.slack.dev/authentication/verifying-requests-from-slack.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hookline.core.answers import standard_answer
from hookline.core.keys import KeySpace
from hookline.core.payloads import media_type
from hookline.core.signatures import HmacSignature
from hookline.domain.delivery import Answer, BodySignature, Delivery, Headers, RequestHead, Verdict
from hookline.domain.errors import SignatureRejectedError
from hookline.domain.ids import Clock
from hookline.domain.outcome import Facts, Outcome
from hookline.domain.policy import Policy
from hookline.domain.source import Source
from hookline.webhooks.slack.asking import Desk
from hookline.webhooks.slack.ephemeral import ephemeral_answer
from hookline.webhooks.slack.events_api import interpret_json
from hookline.webhooks.slack.forms import interpret_form
from hookline.webhooks.slack.redaction import redact_form, redact_json

MAX_AGE = timedelta(minutes=5)
"""How far a request's timestamp may differ from its arrival, either way."""

_FORM = "application/x-www-form-urlencoded"
_SCHEME = "v0="
_TIMESTAMP = re.compile(r"[0-9]{1,11}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SlackHandler:
    """Understands one Slack app; implements `WebhookHandler`.

    A request's age is judged by when its head arrived, as the gateway's clock told then.
    """

    source: Source
    policy: Policy
    clock: Clock

    @property
    def content_types(self) -> frozenset[str]:
        """Events come as JSON, everything a person clicks or types after a slash as a form."""
        return frozenset({"application/json", _FORM})

    @property
    def kept_headers(self) -> frozenset[str]:
        """What tells the two bodies apart, and about retries."""
        return frozenset(
            {
                "content-type",
                "user-agent",
                "x-slack-request-timestamp",
                "x-slack-retry-num",
                "x-slack-retry-reason",
            }
        )

    def signature(self, head: RequestHead, /) -> BodySignature:
        """Begin the check of `X-Slack-Signature`: hexadecimal HMAC-SHA256 of `v0:{timestamp}:{body}`.

        Raises:
            SignatureRejectedError: a header is missing or malformed, or the timestamp is stale.
        """
        signature = head.headers.get("x-slack-signature")
        if signature is not None and not signature.startswith(_SCHEME):
            raise SignatureRejectedError(self.source.provider, "signature header malformed")
        digest = None if signature is None else signature.removeprefix(_SCHEME)
        timestamp = self._fresh_timestamp(head)
        return HmacSignature(self.source.provider, self.source.secrets, digest, b"v0:%s:" % timestamp)

    def verify(self, delivery: Delivery, /) -> None:
        """Check headers and body at once.

        Raises:
            SignatureRejectedError: it was not signed with a secret of the source, or long ago.
        """
        signature = self.signature(delivery.head)
        signature.update(delivery.body)
        signature.check()

    def interpret(self, delivery: Delivery, /) -> Outcome:
        """Decide what a verified delivery asks for.

        Raises:
            MalformedPayloadError: the body is not what Slack documents.
        """
        desk = Desk(self.source, self.policy, KeySpace(self.source.namespace))
        if _is_form(delivery.headers):
            return interpret_form(desk, delivery)
        return interpret_json(desk, delivery.body)

    def redact(self, body: bytes, headers: Headers, /) -> bytes:
        """The body without verification tokens, access tokens and response addresses."""
        return redact_form(body) if _is_form(headers) else redact_json(body)

    def acknowledge(self, facts: Facts, verdict: Verdict, /) -> Answer:
        """A message for the asker where a person waits for one, else the usual answer."""
        return ephemeral_answer(facts, verdict) if facts.interactive else standard_answer(verdict)

    def _fresh_timestamp(self, head: RequestHead) -> bytes:
        provider = self.source.provider
        timestamp = head.headers.get("x-slack-request-timestamp")
        if timestamp is None:
            raise SignatureRejectedError(provider, "timestamp header missing")
        if not _TIMESTAMP.fullmatch(timestamp):
            raise SignatureRejectedError(provider, "timestamp header malformed")
        signed_at = datetime.fromtimestamp(int(timestamp), UTC)
        if abs(head.received_at - signed_at) > MAX_AGE:
            raise SignatureRejectedError(provider, "timestamp is stale")
        return timestamp.encode("ascii")


def _is_form(headers: Headers) -> bool:
    return media_type(headers.get("content-type", "")) == _FORM
