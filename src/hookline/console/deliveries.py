"""`hookline deliveries list` and `hookline deliveries show`."""

import sys
from collections.abc import Sequence

from pydantic import JsonValue, TypeAdapter

from hookline.console.operator import operator
from hookline.console.presentation import (
    Column,
    margin,
    neutral_block,
    plain,
    print_facts,
    print_json,
    print_lines,
    print_table,
    screen,
    told,
)
from hookline.console.reasons import in_words
from hookline.console.running import Desk, run_at_desk
from hookline.domain.errors import ConfigurationError
from hookline.domain.reading import DeliveryDetail, DeliveryFilter, DeliverySummary

_SUMMARIES: TypeAdapter[Sequence[DeliverySummary]] = TypeAdapter(Sequence[DeliverySummary])
_DETAIL: TypeAdapter[DeliveryDetail] = TypeAdapter(DeliveryDetail)
STATUSES = ("accepted", "applied", "duplicate", "ignored", "reply")
_STYLES = {"accepted": "green", "applied": "green", "ignored": "dim"}
_COLUMNS = (
    Column("id"),
    Column("received"),
    Column("provider"),
    Column("event"),
    Column("status", styles=_STYLES),
    Column("why", fixed=False),
    Column("title", fixed=False),
)


def condition_of(status: str | None, provider: str | None, lane: str | None) -> DeliveryFilter:
    """The filter that options ask for.

    Raises:
        ConfigurationError: there is no such status; names those there are.
    """
    if status is not None and status not in STATUSES:
        raise ConfigurationError(f"--status: expected one of {', '.join(STATUSES)}")
    return DeliveryFilter(status, provider, lane)


def show_list(condition: DeliveryFilter, limit: int, cursor: str | None, *, as_json: bool) -> None:
    """Print deliveries, newest first, each with the reason of its decision."""
    out = screen()

    async def work(desk: Desk) -> None:
        page = await desk.insights.deliveries(condition, cursor, limit)
        if as_json:
            print_json(out, {"deliveries": plain(_SUMMARIES, page.items), "next": page.next})
            return
        print_table(out, _COLUMNS, (_row(delivery) for delivery in page.items))
        if page.next:
            print_lines(margin(), (f"more: --cursor {page.next}",))

    run_at_desk(work)


def _row(delivery: DeliverySummary) -> tuple[str, ...]:
    event = f"{delivery.event}.{delivery.action}" if delivery.action else delivery.event
    return (
        delivery.id,
        told(delivery.received_at),
        delivery.provider,
        event,
        delivery.status,
        _why(delivery),
        delivery.title,
    )


def _why(delivery: DeliverySummary) -> str:
    """The reason with its detail; for what started something the rule, and the task."""
    if delivery.reason:
        return f"{delivery.reason}: {delivery.detail}" if delivery.detail else delivery.reason
    rule = f"rule {delivery.rule}" if delivery.rule else None
    task = f"task {delivery.task_id}" if delivery.task_id else None
    return ", ".join(part for part in (task, rule, delivery.detail) if part)


def show(reference: str, *, body: bool, raw: bool, as_json: bool) -> None:
    """Print one delivery, and its body where it is asked for, which is audited.

    Raises:
        ConfigurationError: raw bytes are asked for on a terminal.
    """
    if raw and sys.stdout.isatty():
        raise ConfigurationError("--raw: bytes of outsiders can steer a terminal; send them to a file")

    async def work(desk: Desk) -> None:
        detail = await desk.insights.delivery(reference)
        content = await desk.insights.body_of(detail.delivery.id, operator()) if body or raw else None
        if raw:
            _ = sys.stdout.buffer.write(content or b"")
        else:
            _present(detail, None if content is None else content.decode("utf-8", "replace"), as_json)

    run_at_desk(work)


def _present(detail: DeliveryDetail, body: str | None, as_json: bool) -> None:
    out = screen()
    if as_json:
        shown = plain(_DETAIL, detail)
        extra: dict[str, JsonValue] = {} if body is None else {"body": body}
        print_json(out, {**shown, **extra} if isinstance(shown, dict) else shown)
        return
    print_facts(out, _facts_of(detail))
    if detail.headers:
        print_lines(out, ("", "headers"))
        print_facts(out, {f"  {name}": value for name, value in detail.headers.items()})
    if body is not None:
        print_lines(out, ("", "body", neutral_block(body)))


def _facts_of(detail: DeliveryDetail) -> dict[str, str | None]:
    delivery = detail.delivery
    actor = delivery.actor_name or delivery.actor_id
    return {
        "delivery": delivery.id,
        "status": delivery.status,
        "reason": delivery.reason,
        "in words": in_words(delivery.reason),
        "detail": delivery.detail,
        "rule": delivery.rule,
        "task": delivery.task_id,
        "replay of": delivery.replay_of,
        "received": told(delivery.received_at),
        "source": f"{delivery.provider}/{delivery.source}",
        "from": delivery.remote,
        "event": delivery.event,
        "action": delivery.action,
        "external id": delivery.external_id,
        "title": delivery.title,
        "actor": f"{actor} ({delivery.actor_kind})" if actor else None,
        "conversation": delivery.conversation,
        "lane": delivery.lane,
        "origin": delivery.origin,
        "url": delivery.url,
        "size": f"{delivery.size} bytes, SHA-256 {delivery.sha256}",
        "body": "kept; shown with --body" if detail.has_body else "no longer kept",
    }
