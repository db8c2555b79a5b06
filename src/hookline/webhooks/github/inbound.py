"""One delivery of GitHub on its way to an outcome, and the keys and facts that every event has."""

from typing import TypeVar

from hookline.core.keys import KeySpace
from hookline.core.payloads import parse_json
from hookline.domain.frozen import frozen
from hookline.domain.outcome import Actor, ActorKind, Facts
from hookline.domain.policy import Policy
from hookline.domain.source import Source
from hookline.domain.text import NAME_LIMIT, one_line, shorten
from hookline.webhooks.github.payloads import Envelope, RepositoryEvent, User

EventT = TypeVar("EventT", bound=Envelope | RepositoryEvent)

_URL_LIMIT = 2_000
_ACTOR_KINDS = {"User": ActorKind.PERSON, "Bot": ActorKind.BOT}


@frozen
class Place:
    """Where a subject belongs in its repository.

    `tail` ends the conversation key (`#12`, `@refs/heads/main`); `part` is the subject itself (`comment/17`).
    """

    tail: str
    part: str
    url: str | None
    title: str


@frozen
class Inbound:
    """A verified delivery with what the handler knows.

    `keys` makes the keys of the source; `digest` is the SHA-256 of the signed body, `document` the JSON
    inside of it.
    """

    source: Source
    keys: KeySpace
    policy: Policy
    event: str
    external_id: str | None
    digest: str
    document: bytes | str

    def read(self, model: type[EventT]) -> EventT:
        """Parse the document.

        Raises:
            MalformedPayloadError: it is not JSON, or lacks what the event needs.
        """
        return parse_json(self.source.provider, model, self.document)

    def outline(self, event: Envelope | RepositoryEvent, author: User | None = None) -> Facts:
        """The facts that every event tells; without a sender the text's author has acted."""
        repository = event.repository
        return Facts(
            event=self.event,
            action=one_line(event.action or "", NAME_LIMIT),
            external_id=self.external_id,
            lane=self.keys.lane(repository.full_name) if repository else None,
            actor=_actor(event.sender or author),
            url=_url(repository.html_url) if repository else None,
        )

    def facts(self, event: RepositoryEvent, place: Place, author: User | None = None) -> Facts:
        """The facts of an event at its place."""
        keys, name = self.keys, event.repository.full_name
        return Facts(
            event=self.event,
            action=one_line(event.action or "", NAME_LIMIT),
            external_id=self.external_id,
            lane=keys.lane(name),
            conversation=keys.conversation(f"{name}{place.tail}"),
            origin=keys.origin(f"{name}:{place.part}"),
            actor=_actor(event.sender or author),
            url=_url(place.url),
            title=one_line(place.title),
        )

    def origin(self, event: RepositoryEvent, place: Place) -> str:
        """The key of a subject without its version."""
        return self.keys.origin(f"{event.repository.full_name}:{place.part}")

    def issue(self, event: RepositoryEvent, number: int) -> str:
        """The conversation of an issue or pull request."""
        return self.keys.conversation(f"{event.repository.full_name}#{number}")

    def sent(self) -> tuple[str, ...]:
        """The key of the delivery id; the one of the body where GitHub gave no id."""
        if self.external_id is None:
            return (self.keys.digest(self.digest),)
        return (self.keys.delivery(self.external_id),)

    def subject(self, event: RepositoryEvent, place: Place, *version: str) -> str:
        """The key of a subject's version; without one, of the text as it was first written."""
        return self.keys.subject(f"{event.repository.full_name}:{place.part}", *version)

    def claims(self, event: RepositoryEvent, place: Place, *version: str) -> tuple[str, ...]:
        """All keys of a subject's version: the delivery's unsigned id, its signed body and the subject."""
        body, subject = self.keys.digest(self.digest), self.subject(event, place, *version)
        if self.external_id is None:
            return body, subject
        return self.keys.delivery(self.external_id), body, subject


def _actor(user: User | None) -> Actor | None:
    if user is None:
        return None
    kind = _ACTOR_KINDS.get(user.type or "", ActorKind.UNKNOWN)
    return Actor(shorten(user.id, NAME_LIMIT), one_line(user.login, NAME_LIMIT), kind)


def _url(url: str | None) -> str | None:
    return url if url and len(url) <= _URL_LIMIT else None
