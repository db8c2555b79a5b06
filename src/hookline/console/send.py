"""`hookline send`: build a sample, sign it with the configured secret, post it, show the answer."""

import os
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import httpx
from pydantic import JsonValue, TypeAdapter, ValidationError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hookline.bootstrap import settings_for_reading, utc_now
from hookline.console.presentation import (
    Column,
    margin,
    neutral,
    neutral_block,
    print_facts,
    print_json,
    print_lines,
    print_table,
    screen,
)
from hookline.core.samples import Occasion, SampleBook, SignedSample, make_sample
from hookline.domain.errors import ConfigurationError, HooklineError
from hookline.domain.source import Source
from hookline.listeners import Address
from hookline.registry import PROVIDERS
from hookline.settings import Settings

ANSWER_SECONDS = 15.0
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


def show_events(as_json: bool) -> None:
    """List what can be sent, and what becomes of it under the default rules."""
    out = screen()
    known = [
        (name, event, sample) for name, p in PROVIDERS.items() for event, sample in p.samples.events.items()
    ]
    if as_json:
        listed: list[JsonValue] = [
            {
                "provider": name,
                "event": event,
                "action": sample.action or None,
                "leads_to": sample.leads_to.value,
                "says": sample.says,
            }
            for name, event, sample in known
        ]
        print_json(out, {"events": listed, "next": None})
        return
    columns = (Column("provider"), Column("event"), Column("leads to"), Column("says"))
    print_table(out, columns, ((name, event, s.leads_to.value, s.says) for name, event, s in known))


def send(errand: Errand, *, only_print: bool, as_json: bool) -> None:
    """Send samples, or print one.

    Raises:
        ConfigurationError: there is no such provider, event, source or secret.
        SendFailedError: nobody listens, or an answer was no 2xx.
    """
    post = prepare(settings_for_reading(os.environ), os.environ, errand)
    if only_print:
        _print_sample(post, as_json)
        return
    with httpx.Client(timeout=ANSWER_SECONDS, trust_env=errand.url is not None) as client:
        receptions = list(_with_progress(deliver(client, post, errand.count), errand.count))
    _report(post.url, receptions, as_json)
    if failed := sum(not reception.is_success for reception in receptions):
        raise SendFailedError(f"{failed} of {len(receptions)} not accepted")


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
    base = errand.url or Address(settings.server.host, settings.server.port).url
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
    where = (
        f", or start `hookline serve` once, which makes one in {settings.home}" if _can_make(settings) else ""
    )
    raise ConfigurationError(f"{'/'.join(wanted)} has no secret: set {missing.variable}{where}")


def _can_make(settings: Settings) -> bool:
    return settings.is_embedded


def _occasion(settings: Settings, source: Source, book: SampleBook, errand: Errand) -> Occasion:
    action = book.events[errand.event].action if errand.action is None else errand.action
    text = f"@{settings.handle} analyze this" if errand.text is None else errand.text
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
            answer = client.post(post.url, content=sample.body, headers=dict(sample.headers))
        except httpx.ConnectError:
            raise SendFailedError(f"nobody listens at {post.url}: is `hookline serve` running?") from None
        except httpx.InvalidURL:
            raise ConfigurationError(f"--url: {post.url} is not a URL") from None
        except httpx.HTTPError as error:
            raise SendFailedError(f"{post.url}: {type(error).__name__}") from None
        yield Reception(answer.status_code, answer.content)


def _with_progress(receptions: Iterable[Reception], count: int) -> Iterable[Reception]:
    bar = Progress(
        TextColumn("sending"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=margin(),
        transient=True,
        disable=count == 1,
    )
    with bar:
        yield from bar.track(receptions, total=count)


def _print_sample(post: Post, as_json: bool) -> None:
    out, sample = screen(), post.make()
    text = sample.body.decode("utf-8", "replace")
    if as_json:
        headers: dict[str, JsonValue] = dict(sample.headers)
        print_json(out, {"url": post.url, "headers": headers, "body": text})
        return
    print_lines(out, (f"POST {neutral(post.url)}",))
    print_lines(out, (f"{name}: {neutral(value)}" for name, value in sample.headers.items()))
    print_lines(out, ("", neutral_block(text)))


def _report(url: str, receptions: Sequence[Reception], as_json: bool) -> None:
    out = screen()
    if as_json:
        answers: list[JsonValue] = [{"code": r.code, "answer": r.answer} for r in receptions]
        print_json(out, {"url": url, "sent": len(receptions), "answers": answers})
        return
    if len(receptions) == 1:
        _report_one(url, receptions[0])
        return
    tally: dict[str, int] = {}
    for reception in receptions:
        named = f"{reception.code} {_status(reception)}".strip()
        tally[named] = tally.get(named, 0) + 1
    print_lines(out, (f"{len(receptions)} sent to {neutral(url)}",))
    print_facts(out, {name: str(number) for name, number in sorted(tally.items())})


def _report_one(url: str, reception: Reception) -> None:
    out, answer = screen(), reception.answer
    print_lines(out, (f"{reception.code} {neutral(url)}",))
    if isinstance(answer, dict):
        print_facts(out, {name: "" if value is None else str(value) for name, value in answer.items()})
    elif answer:
        print_lines(out, (neutral_block(str(answer)),))


def _status(reception: Reception) -> str:
    answer = reception.answer
    status = answer.get("status", "") if isinstance(answer, dict) else ""
    return neutral(status) if isinstance(status, str) else ""
