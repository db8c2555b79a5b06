"""One delivery on its way to a decision: its facts, whose words it carries, and what the rules say."""

from dataclasses import field
from typing import assert_never

from hookline.core.keys import KeySpace
from hookline.domain.command import CONTROL_VERBS
from hookline.domain.frozen import frozen
from hookline.domain.outcome import (
    Actor,
    ActorKind,
    ControlRequested,
    ConversationControl,
    Facts,
    Ignored,
    Outcome,
    Reason,
    TaskRequested,
    Trigger,
)
from hookline.domain.policy import Admitted, Candidate, Policy, Refused
from hookline.domain.source import Source
from hookline.domain.text import NAME_LIMIT, one_line, shorten
from hookline.webhooks.sentry.payloads import PROVIDER, ActorField, InstallationField
from hookline.webhooks.sentry.places import Site, lane_place
from hookline.webhooks.sentry.subjects import Subject

TITLE_SOURCE_LIMIT = 4_000

_KINDS = {"user": ActorKind.PERSON, "application": ActorKind.APP}


@frozen
class Matter:
    """What a delivery is about.

    `place` is the conversation's (an issue's id, `metric_alert/<id>`), `part` what of it the delivery
    speaks of (`issue`, `event/<id>`, `comment/<id>`).
    """

    site: Site
    place: str | None = None
    part: str = ""
    url: str | None = None
    title: str = ""


@frozen
class Request:
    """A possible task: what asks for it, what rules can tell it by, and the keys that make it one.

    `revises` is set for an edit, to the subject as it was first written.
    """

    trigger: Trigger
    subjects: tuple[Subject, ...]
    level: str = ""
    label: str = ""
    is_entitled: bool = True
    revises: Subject | None = None


@frozen
class Arrival:
    """A verified delivery of one resource, with the source and the rules it meets."""

    source: Source
    policy: Policy
    resource: str
    external_id: str | None
    body: bytes = field(repr=False)

    @property
    def keys(self) -> KeySpace:
        """The keys of the source's namespace."""
        return KeySpace(self.source.namespace)

    def facts(
        self,
        matter: Matter,
        action: str | None,
        actor: ActorField | None,
        installation: InstallationField | None,
    ) -> Facts:
        """What is recorded about the delivery, whatever becomes of it."""
        keys, place = self.keys, matter.place
        return Facts(
            event=self.resource,
            action=shorten(action or "", NAME_LIMIT),
            external_id=self.external_id,
            lane=keys.lane(lane_place(matter.site, installation, self.source.name)),
            conversation=keys.conversation(place) if place else None,
            origin=keys.origin(f"{place}:{matter.part}") if place else None,
            actor=_actor(actor),
            url=matter.url,
            title=one_line(shorten(matter.title, TITLE_SOURCE_LIMIT)),
        )

    def is_own(self, actor: ActorField | None) -> bool:
        """Whether the gateway itself acted, under one of its names there."""
        if actor is None or actor.is_sentry:
            return False
        return not self.source.bot_names.isdisjoint({actor.id, actor.name})

    def ask(self, facts: Facts, place: str, request: Request) -> Outcome:
        """Let the rules decide about a possible task; verb and options come from them alone."""
        candidate = Candidate(
            provider=PROVIDER,
            source=self.source.name,
            facts=facts,
            trigger=request.trigger,
            entitled=request.is_entitled,
            label=request.label,
            level=request.level,
        )
        ruling = self.policy.rule_on(candidate)
        match ruling:
            case Refused(reason=reason, detail=detail):
                return Ignored(facts, reason, detail)
            case Admitted():
                return self._begin(facts, place, request, ruling)
            case _:
                assert_never(ruling)

    def claims(self, subjects: tuple[Subject, ...]) -> tuple[str, ...]:
        """The keys to claim: the body, which is signed, and the subjects."""
        keys = self.keys
        return (keys.body(self.body), *(keys.subject(*subject) for subject in subjects))

    def _begin(self, facts: Facts, place: str, request: Request, admitted: Admitted) -> Outcome:
        command, plan = admitted.command, admitted.plan
        claims = self.claims(request.subjects)
        if command.verb in CONTROL_VERBS:
            control = ConversationControl(command.verb, self.keys.conversation(place), command.text)
            return ControlRequested(facts, control, claims, plan.rule)
        return TaskRequested(
            facts,
            command,
            request.trigger,
            plan,
            claims,
            revises=self.keys.subject(*request.revises) if request.revises else None,
            open_key=self.keys.open(place) if request.trigger is Trigger.ALERT else None,
        )


def own_words(facts: Facts) -> Ignored:
    """Nothing happens upon the gateway's own doings."""
    return Ignored(facts, Reason.OWN_WORDS, facts.actor.name if facts.actor else "")


def by_machine(facts: Facts) -> Ignored:
    """Nothing happens where a program did what a person would have to do."""
    return Ignored(facts, Reason.BOT, facts.actor.name if facts.actor else "")


def _actor(actor: ActorField | None) -> Actor | None:
    if actor is None or not (actor.id or actor.name):
        return None
    identity, name = actor.id or "", actor.name or actor.id or ""
    kind = _KINDS.get(actor.type or "", ActorKind.UNKNOWN)
    return Actor(shorten(identity, NAME_LIMIT), one_line(name, NAME_LIMIT), kind)
