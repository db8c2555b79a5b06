"""GitHub's webhooks: repositories', organizations' and GitHub Apps'.

Source: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

from collections.abc import Callable, Mapping

from hookline.core.answers import standard_answer
from hookline.core.keys import KeySpace
from hookline.core.payloads import form_field, media_type, parse_form
from hookline.core.signatures import HmacSignature
from hookline.domain.delivery import Answer, BodySignature, Delivery, Headers, RequestHead, Verdict
from hookline.domain.errors import MalformedPayloadError
from hookline.domain.ids import Clock
from hookline.domain.outcome import Facts, Ignored, Outcome, Reason, Reply
from hookline.domain.policy import Policy
from hookline.domain.source import Source
from hookline.domain.text import NAME_LIMIT, clean, one_line
from hookline.webhooks.github.automation import on_check_run, on_push, on_repository_dispatch, on_workflow_run
from hookline.webhooks.github.conversations import (
    on_discussion,
    on_discussion_comment,
    on_issue_comment,
    on_issues,
    on_pull_request,
    on_review,
    on_review_comment,
)
from hookline.webhooks.github.inbound import Inbound
from hookline.webhooks.github.known_events import EVENTS_NOT_USED
from hookline.webhooks.github.payloads import Envelope

FORM = "application/x-www-form-urlencoded"
_SCHEME = "sha256="
_PONG = b'{"status":"pong"}'


def _on_ping(inbound: Inbound) -> Outcome:
    return Reply(inbound.outline(inbound.read(Envelope)), _PONG)


EVENTS: Mapping[str, Callable[[Inbound], Outcome]] = {
    "check_run": on_check_run,
    "discussion": on_discussion,
    "discussion_comment": on_discussion_comment,
    "issue_comment": on_issue_comment,
    "issues": on_issues,
    "ping": _on_ping,
    "pull_request": on_pull_request,
    "pull_request_review": on_review,
    "pull_request_review_comment": on_review_comment,
    "push": on_push,
    "repository_dispatch": on_repository_dispatch,
    "workflow_run": on_workflow_run,
}
"""The events that are used, each with its reading."""


class GithubHandler:
    """Understands the webhooks of one GitHub source; implements `WebhookHandler`.

    The content is JSON, or a form with the JSON in its field `payload`, as the webhook is set. The headers
    kept tell the event, its delivery and the hook that sent it.
    """

    content_types = frozenset({"application/json", FORM})
    kept_headers = frozenset(
        {
            "content-type",
            "user-agent",
            "x-github-delivery",
            "x-github-event",
            "x-github-hook-id",
            "x-github-hook-installation-target-id",
            "x-github-hook-installation-target-type",
        }
    )

    def __init__(self, source: Source, policy: Policy, clock: Clock) -> None:
        """Keep the source and the policy; GitHub signs no time, so the clock has nothing to say."""
        del clock
        self._source = source
        self._keys = KeySpace(source.namespace)
        self._policy = policy

    @property
    def source(self) -> Source:
        """The source it serves."""
        return self._source

    def signature(self, head: RequestHead, /) -> BodySignature:
        """Begin the check of `X-Hub-Signature-256`, which covers the body as sent.

        Raises:
            SignatureRejectedError: the header is missing or malformed.
        """
        given = head.headers.get("x-hub-signature-256")
        digest = given.removeprefix(_SCHEME) if given and given.startswith(_SCHEME) else given and ""
        return HmacSignature(self._source.provider, self._source.secrets, digest)

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
            MalformedPayloadError: the event's name is missing, or the body is not what GitHub documents.
        """
        inbound = self._inbound(delivery)
        read = EVENTS.get(inbound.event)
        if read is not None:
            return read(inbound)
        is_known = inbound.event in EVENTS_NOT_USED
        reason = Reason.EVENT_NOT_USED if is_known else Reason.EVENT_UNKNOWN
        return Ignored(inbound.outline(inbound.read(Envelope)), reason, inbound.event)

    def redact(self, body: bytes, headers: Headers, /) -> bytes:
        """The body as it came: GitHub masks the hook's secret itself, and sends no other."""
        del headers
        return body

    def acknowledge(self, facts: Facts, verdict: Verdict, /) -> Answer:
        """The standard answer: GitHub reads only the status code."""
        del facts
        return standard_answer(verdict)

    def _inbound(self, delivery: Delivery) -> Inbound:
        event = one_line(clean(delivery.headers.get("x-github-event", "")), NAME_LIMIT)
        if not event:
            raise MalformedPayloadError(self._source.provider, "X-GitHub-Event: header missing")
        sent = one_line(clean(delivery.headers.get("x-github-delivery", "")), NAME_LIMIT)
        return Inbound(
            source=self._source,
            keys=self._keys,
            policy=self._policy,
            event=event,
            external_id=sent or None,
            digest=delivery.sha256,
            document=self._document(delivery),
        )

    def _document(self, delivery: Delivery) -> bytes | str:
        if media_type(delivery.headers.get("content-type", "")) != FORM:
            return delivery.body
        provider = self._source.provider
        return form_field(provider, parse_form(provider, delivery.body), "payload")
