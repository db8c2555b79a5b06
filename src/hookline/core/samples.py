"""Samples: payloads of a provider's documented shape, filled in afresh and signed for `hookline send`."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias
from urllib.parse import urlencode

from pydantic import JsonValue

from hookline.core.answers import json_bytes
from hookline.core.commands import mention_of
from hookline.domain.errors import HooklineError
from hookline.domain.source import Source

JsonObject: TypeAlias = dict[str, JsonValue]

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
_INDEX = re.compile(r"[0-9]{1,6}", re.ASCII)


class LeadsTo(StrEnum):
    """What becomes of a sample under the default rules."""

    TASK = "a task"
    CONTROL = "a control"
    REPLY = "a reply"
    NOTHING = "nothing"


class SampleError(HooklineError):
    """A sample cannot be made as it was asked for."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a sample is filled in with.

    `number` makes fresh positive ids below 2^40, so that two samples never speak of one subject.
    """

    source: Source
    handle: str
    text: str
    action: str
    at: datetime
    number: Callable[[], int]

    @property
    def spoken(self) -> str:
        """The text without the mention that it begins with."""
        mention = mention_of(self.handle).match(self.text)
        return self.text[mention.end() :].strip() if mention else self.text

    @property
    def iso(self) -> str:
        """The time to the second, as `2026-03-01T12:00:00Z`."""
        return self.at.strftime("%Y-%m-%dT%H:%M:%SZ")


def json_body(document: JsonObject) -> bytes:
    """The document as compact JSON."""
    return json_bytes(document)


def form_body(document: JsonObject) -> bytes:
    """The document's fields as a form."""
    return urlencode({name: _plain(value) for name, value in document.items()}).encode()


def payload_form_body(document: JsonObject) -> bytes:
    """A form whose only field, `payload`, holds the document as JSON."""
    return urlencode({"payload": json_bytes(document).decode()}).encode()


def _plain(value: JsonValue) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Sample:
    """A payload before it is signed, and the headers that tell its event."""

    document: JsonObject
    headers: Mapping[str, str]
    content_type: str = JSON
    encode: Callable[[JsonObject], bytes] = json_body


@dataclass(frozen=True, slots=True)
class SampleEvent:
    """An event that can be sent; `action` is the one it has unless another is asked for."""

    build: Callable[[Occasion], Sample]
    leads_to: LeadsTo
    says: str
    action: str = ""


class Signer(Protocol):
    """Signs a body as the provider does."""

    def __call__(self, body: bytes, at: datetime, secret: bytes, /) -> Mapping[str, str]:
        """The headers that carry the signature."""
        ...


@dataclass(frozen=True, slots=True)
class SampleBook:
    """A provider's samples, and its way of signing."""

    events: Mapping[str, SampleEvent]
    sign: Signer


@dataclass(frozen=True, slots=True)
class SignedSample:
    """A request that is ready to be posted."""

    headers: Mapping[str, str]
    body: bytes


def make_sample(
    book: SampleBook, event: str, occasion: Occasion, changes: Sequence[tuple[str, JsonValue]] = ()
) -> SignedSample:
    """Fill in, change and sign a sample.

    Args:
        book: the provider's samples.
        event: which of them; one of `book.events`.
        occasion: what to fill in; the first secret of its source signs.
        changes: paths in the payload (`issue.number`, `actions.0.action_id`) and what to put there.

    Raises:
        SampleError: a path leads nowhere.
    """
    sample = book.events[event].build(occasion)
    for path, value in changes:
        put(sample.document, path, value)
    body = sample.encode(sample.document)
    headers = {
        "content-type": sample.content_type,
        **sample.headers,
        **book.sign(body, occasion.at, occasion.source.secrets[0]),
    }
    return SignedSample(headers, body)


def put(document: JsonObject, path: str, value: JsonValue) -> None:
    """Put a value into a payload; missing objects on the way are made.

    Raises:
        SampleError: the path leads through something that is neither an object nor a list.
    """
    *way, last = path.split(".")
    place: JsonValue = document
    for step in way:
        place = _enter(place, step, path)
    match place:
        case dict():
            place[last] = value
        case list() if _INDEX.fullmatch(last) and int(last) < len(place):
            place[int(last)] = value
        case _:
            raise SampleError(f"--set {path}: the sample has no such place")


def _enter(place: JsonValue, step: str, path: str) -> JsonValue:
    match place:
        case dict():
            return place.setdefault(step, {})
        case list() if _INDEX.fullmatch(step) and int(step) < len(place):
            return place[int(step)]
        case _:
            raise SampleError(f"--set {path}: the sample has no such place")
