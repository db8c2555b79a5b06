"""`hookline send`: build a sample, sign it with the configured secret, post it, show the answer."""

import os
import sys
from collections.abc import Iterable, Sequence

import httpx
from pydantic import JsonValue
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hookline.configuration import settings_for_reading
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
from hookline.console.sending import Errand, Post, Reception, SendFailedError, deliver, prepare
from hookline.registry import PROVIDERS

ANSWER_SECONDS = 15.0


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


def _with_progress(receptions: Iterable[Reception], count: int) -> Iterable[Reception]:
    bar = Progress(
        TextColumn("sending"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=margin(),
        transient=True,
        disable=count == 1 or not sys.stderr.isatty(),
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
