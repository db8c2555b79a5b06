"""One delivery under decision: what it says, who is asked about it, and how outcomes are made."""

from typing import assert_never

from hookline.core.keys import KeySpace
from hookline.domain.command import CONTROL_VERBS, Command
from hookline.domain.errors import MalformedPayloadError
from hookline.domain.frozen import frozen
from hookline.domain.outcome import (
    Control,
    ControlRequested,
    ConversationControl,
    Facts,
    Ignored,
    TaskRequested,
    Trigger,
)
from hookline.domain.policy import Admitted, Candidate, Policy, Refused
from hookline.domain.source import Source
from hookline.domain.text import NAME_LIMIT, one_line
from hookline.webhooks.jira.payloads import Account, Comment, JiraEvent
from hookline.webhooks.jira.people import OwnAccounts, actor_of, is_entitled, logins_of
from hookline.webhooks.jira.places import Place
from hookline.webhooks.jira.prose import Reader

_CREATED = "jira:issue_created"


@frozen
class Proposal:
    """A possible task: what triggered it, who asks, and the dedupe key of its subject.

    `revises` is set for an edit, to the key of the text as it was first written.
    """

    facts: Facts
    trigger: Trigger
    asker: Account | None
    subject: str
    command: Command | None = None
    label: str = ""
    revises: str | None = None


@frozen
class Case:
    """A delivery with everything needed to decide on it."""

    source: Source
    policy: Policy
    keys: KeySpace
    ours: OwnAccounts
    reader: Reader
    event: JiraEvent
    external_id: str | None
    body: bytes

    @property
    def place(self) -> Place:
        """The issue it speaks of."""
        return Place(self.keys, self.event.issue)

    @property
    def actor_account(self) -> Account | None:
        """Who changed the issue; an event without a user is its creator's only where it was created."""
        created_by = self.event.fields.creator if self.event.event == _CREATED else None
        return self.event.user or created_by

    def need_comment(self) -> Comment:
        """The comment of a comment event.

        Raises:
            MalformedPayloadError: the payload has none.
        """
        if self.event.comment is None:
            raise MalformedPayloadError(self.source.provider, "comment: Field required")
        return self.event.comment

    def facts(self, actor: Account | None, *part: str, comment: Comment | None = None) -> Facts:
        """What the delivery speaks of, as a thing done by `actor` to a part of the issue."""
        place = self.place
        return Facts(
            event=one_line(self.event.event, NAME_LIMIT),
            action=one_line(self.event.action or "", NAME_LIMIT),
            external_id=self.external_id,
            lane=place.lane,
            conversation=place.conversation,
            origin=place.origin(*part),
            actor=actor_of(actor),
            url=place.url(comment),
            title=one_line(self.event.fields.summary or ""),
        )

    def control(self, facts: Facts, control: Control, subject: str, rule: str = "") -> ControlRequested:
        """A control with all dedupe keys of the delivery."""
        return ControlRequested(facts, control, self._keys(subject), rule)

    def settle(self, proposal: Proposal) -> TaskRequested | ControlRequested | Ignored:
        """Ask the policy about one possible task."""
        ruling = self.policy.rule_on(self._candidate(proposal))
        match ruling:
            case Refused(reason=reason, detail=detail):
                return Ignored(proposal.facts, reason, detail)
            case Admitted():
                return self._admitted(proposal, ruling)
            case _:
                assert_never(ruling)

    def _admitted(self, proposal: Proposal, ruling: Admitted) -> TaskRequested | ControlRequested:
        facts, command = proposal.facts, ruling.command
        if command.verb in CONTROL_VERBS:
            control = ConversationControl(command.verb, facts.conversation or "", command.text)
            return self.control(facts, control, proposal.subject, ruling.plan.rule)
        return TaskRequested(
            facts=facts,
            command=command,
            trigger=proposal.trigger,
            plan=ruling.plan,
            keys=self._keys(proposal.subject),
            revises=proposal.revises,
        )

    def _candidate(self, proposal: Proposal) -> Candidate:
        return Candidate(
            provider=self.source.provider,
            source=self.source.name,
            facts=proposal.facts,
            trigger=proposal.trigger,
            entitled=is_entitled(proposal.asker),
            command=proposal.command,
            label=proposal.label,
            logins=logins_of(proposal.asker),
        )

    def _keys(self, subject: str) -> tuple[str, ...]:
        """Delivery, body and subject: the identifier is not signed, so it never stands alone."""
        delivery = (self.keys.delivery(self.external_id),) if self.external_id else ()
        return (*delivery, self.keys.body(self.body), subject)
