"""Understands webhooks of Jira, Cloud and Data Center.

Source: developer.atlassian.com, webhooks. A secret signs the raw body: `X-Hub-Signature: <method>=<hex>`.
`X-Atlassian-Webhook-Identifier` is the same across retries; it is not signed, and Data Center sends none.
The event's name is in the body.
"""

from collections.abc import Callable, Mapping

from hookline.core.answers import standard_answer
from hookline.core.keys import KeySpace
from hookline.core.payloads import parse_json
from hookline.core.signatures import HmacSignature
from hookline.domain.delivery import Answer, BodySignature, Delivery, Headers, RequestHead, Verdict
from hookline.domain.errors import SignatureRejectedError
from hookline.domain.ids import Clock
from hookline.domain.outcome import Facts, Ignored, Outcome, Reason
from hookline.domain.policy import Policy
from hookline.domain.source import Source
from hookline.domain.text import NAME_LIMIT, clean, one_line
from hookline.webhooks.jira.case import Case
from hookline.webhooks.jira.comments import comment_deleted, comment_edited, comment_written
from hookline.webhooks.jira.event_names import UNUSED_EVENTS
from hookline.webhooks.jira.issues import issue_created, issue_deleted, issue_updated
from hookline.webhooks.jira.payloads import JiraEvent
from hookline.webhooks.jira.people import OwnAccounts
from hookline.webhooks.jira.prose import Reader

SIGNATURE_HEADER = "x-hub-signature"
IDENTIFIER_HEADER = "x-atlassian-webhook-identifier"
METHOD = "sha256"

EVENTS: Mapping[str, Callable[[Case], Outcome]] = {
    "jira:issue_created": issue_created,
    "jira:issue_updated": issue_updated,
    "jira:issue_deleted": issue_deleted,
    "comment_created": comment_written,
    "comment_updated": comment_edited,
    "comment_deleted": comment_deleted,
}
"""What each event that is used asks for."""


class JiraHandler:
    """Serves one Jira source; implements `WebhookHandler`."""

    content_types = frozenset({"application/json"})
    kept_headers = frozenset(
        {
            "content-type",
            "user-agent",
            IDENTIFIER_HEADER,
            "x-atlassian-webhook-flow",
            "x-atlassian-webhook-retry",
        }
    )

    def __init__(self, source: Source, policy: Policy, clock: Clock) -> None:
        """Keep the source and the policy; Jira signs no time, so the clock has nothing to judge."""
        del clock
        self._source = source
        self._policy = policy
        self._keys = KeySpace(source.namespace)
        self._ours = OwnAccounts.named(source.bot_names)

    @property
    def source(self) -> Source:
        """The source it serves."""
        return self._source

    def signature(self, head: RequestHead, /) -> BodySignature:
        """Read the signature header and begin the check of the body.

        Raises:
            SignatureRejectedError: the header is missing or malformed, or its method is not SHA-256.
        """
        provider = self._source.provider
        header = head.headers.get(SIGNATURE_HEADER)
        if header is None:
            return HmacSignature(provider, self._source.secrets, None)
        method, separator, digest = header.partition("=")
        if not separator:
            raise SignatureRejectedError(provider, "signature header malformed")
        if method.strip().lower() != METHOD:
            raise SignatureRejectedError(provider, f"signature method not accepted, only {METHOD} is")
        return HmacSignature(provider, self._source.secrets, digest)

    def verify(self, delivery: Delivery, /) -> None:
        """Check header and body at once.

        Raises:
            SignatureRejectedError: it was not signed with a secret of the source.
        """
        signature = self.signature(delivery.head)
        signature.update(delivery.body)
        signature.check()

    def interpret(self, delivery: Delivery, /) -> Outcome:
        """Decide what a verified delivery asks for.

        Raises:
            MalformedPayloadError: the body is not what Jira documents.
        """
        event = parse_json(self._source.provider, JiraEvent, delivery.body)
        identifier = one_line(clean(delivery.headers.get(IDENTIFIER_HEADER, "")), NAME_LIMIT)
        case = Case(
            source=self._source,
            policy=self._policy,
            keys=self._keys,
            ours=self._ours,
            reader=Reader(self._policy.handle, self._ours),
            event=event,
            external_id=identifier or None,
            body=delivery.body,
        )
        decide = EVENTS.get(event.event)
        return decide(case) if decide else _not_used(case)

    def redact(self, body: bytes, headers: Headers, /) -> bytes:
        """The body as it came: Jira's payloads carry no secrets."""
        del headers
        return body

    def acknowledge(self, facts: Facts, verdict: Verdict, /) -> Answer:
        """The standard answer; Jira comes again on 5xx and has no wishes about the body."""
        del facts
        return standard_answer(verdict)


def _not_used(case: Case) -> Ignored:
    reason = Reason.EVENT_NOT_USED if case.event.event in UNUSED_EVENTS else Reason.EVENT_UNKNOWN
    return Ignored(case.facts(case.event.user, "issue"), reason)
