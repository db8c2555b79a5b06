"""Sends samples: which one, signed with which secret, to where, and how each was answered."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import httpx
from pydantic import JsonValue, TypeAdapter, ValidationError

from hookline.addresses import Address
from hookline.clock import utc_now
from hookline.core.samples import Occasion, SampleBook, SignedSample, make_sample
from hookline.domain.errors import ConfigurationError, HooklineError
from hookline.domain.source import Source
from hookline.domain.text import clean
from hookline.registry import PROVIDERS
from hookline.settings import Settings

USER_AGENT = "hookline-send"
_HIGHEST_NUMBER = 2**40
_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)


class SendFailedError(HooklineError):
    """A sample could not be sent, or was not accepted."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be sent, as the options say; `changes` are `path=value` words."""

    provider: str
    event: str
    text: str | None = None
    action: str | None = None
    source: str = "default"
    url: str | None = None
    count: int = 1
    secret_variable: str | None = None
    changes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Post:
    """Where samples go, and how each is made."""

    url: str
    make: Callable[[], SignedSample]


@dataclass(frozen=True, slots=True)
class Reception:
    """How one sample was answered."""

    code: int
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return httpx.codes.is_success(self.code)

    @property
    def answer(self) -> JsonValue:
        """The body as JSON, or as text where it is none."""
        try:
            return _JSON.validate_json(self.body)
        except ValidationError:
            return self.body.decode("utf-8", "replace")


def prepare(settings: Settings, environment: Mapping[str, str], errand: Errand) -> Post:
    """Find out where to send what.

    Raises:
        ConfigurationError: there is no such provider, event, source or secret.
    """
    book = _book(errand.provider)
    if errand.event not in book.events:
        known = ", ".join(sorted(book.events))
        raise ConfigurationError(f"{errand.provider} has no sample {errand.event}; expected one of {known}")
    source = _source(settings, environment, errand)
    base = _base(errand.url) if errand.url else Address(settings.server.host, settings.server.port).url
    changes = [_change(word) for word in errand.changes]

    def make() -> SignedSample:
        return make_sample(book, errand.event, _occasion(settings, source, book, errand), changes)

    return Post(base.rstrip("/") + source.path, make)


def _book(provider: str) -> SampleBook:
    if provider not in PROVIDERS:
        raise ConfigurationError(f"there is no provider {provider}; expected one of {', '.join(PROVIDERS)}")
    return PROVIDERS[provider].samples


def _source(settings: Settings, environment: Mapping[str, str], errand: Errand) -> Source:
    wanted = (errand.provider, errand.source)
    found = next((s for s in settings.sources if (s.provider, s.name) == wanted), None)
    if variable := errand.secret_variable:
        if not (secret := environment.get(variable)):
            raise ConfigurationError(f"--secret-env: {variable} is not set")
        return replace(found or Source(*wanted), secrets=(secret.encode(),))
    if found is not None:
        return found
    missing = next((s for s in settings.secretless if (s.provider, s.name) == wanted), None)
    if missing is None:
        names = ", ".join(s.name for s in settings.sources if s.provider == errand.provider) or "none"
        raise ConfigurationError(
            f"--source: {errand.provider} has no source {errand.source}; configured: {names}"
        )
    makes = f", or start `hookline serve` once, which makes one in {settings.home}"
    where = makes if settings.is_embedded else ""
    raise ConfigurationError(f"{'/'.join(wanted)} has no secret: set {missing.variable}{where}")


def _base(url: str) -> str:
    try:
        parts = httpx.URL(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.host)
    except httpx.InvalidURL:
        is_address = False
    if not is_address:
        raise ConfigurationError(f"--url: {url} is not a URL; expected one as https://hooks.example.com")
    return url


def _occasion(settings: Settings, source: Source, book: SampleBook, errand: Errand) -> Occasion:
    action = book.events[errand.event].action if errand.action is None else errand.action
    text = f"@{settings.handle} analyze this" if errand.text is None else clean(errand.text)
    return Occasion(source, settings.handle, text, action, utc_now(), _fresh_number)


def _fresh_number() -> int:
    return secrets.randbelow(_HIGHEST_NUMBER - 1) + 1


def _change(word: str) -> tuple[str, JsonValue]:
    path, equals, value = word.partition("=")
    if not (path and equals):
        raise ConfigurationError("--set: expected path=value, for example issue.number=12")
    try:
        return path, _JSON.validate_json(value)
    except ValidationError:
        return path, value


def deliver(client: httpx.Client, post: Post, count: int) -> Iterable[Reception]:
    """Post samples one after the other.

    Raises:
        SendFailedError: nobody listens there, or the connection broke.
    """
    for _ in range(count):
        sample = post.make()
        try:
            answer = client.post(
                post.url, content=sample.body, headers={"user-agent": USER_AGENT, **sample.headers}
            )
        except httpx.ConnectError as error:
            raise SendFailedError(
                f"{post.url} cannot be reached ({error}): is `hookline serve` running there?"
            ) from None
        except httpx.HTTPError as error:
            raise SendFailedError(f"{post.url}: {type(error).__name__}") from None
        yield Reception(answer.status_code, answer.content)
