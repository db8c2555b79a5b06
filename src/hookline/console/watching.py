"""Shows a table once, or again and again until Ctrl-C: on a terminal in place, elsewhere below."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from pydantic import JsonValue
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from hookline.console.presentation import (
    Column,
    laid_out,
    margin,
    neutral,
    print_json,
    print_lines,
    print_table,
)
from hookline.domain.errors import QueueUnavailableError, StorageUnavailableError


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was seen at one look: words above a table and below it, and the same as JSON."""

    head: Sequence[str]
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    value: JsonValue
    more: Sequence[str] = ()


async def show(
    out: Console,
    look: Callable[[], Awaitable[Sheet]],
    every_seconds: float | None,
    *,
    as_json: bool,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Look once, or with `every_seconds` until the command is interrupted.

    While it goes on, a database or queue that does not answer is told, and asked again.

    Raises:
        QueueUnavailableError: the queue does not answer the only look.
        StorageUnavailableError: the database does not.
    """
    if every_seconds is None:
        _print(out, await look(), as_json=as_json, indent=2)
    elif out.is_terminal and not as_json:
        await _show_in_place(out, look, every_seconds, sleep)
    else:
        while True:
            try:
                _print(out, await look(), as_json=as_json, indent=None)
            except (QueueUnavailableError, StorageUnavailableError) as error:
                print_lines(margin(), (f"hookline: {neutral(str(error))}",))
            out.file.flush()
            await sleep(every_seconds)


def _print(out: Console, sheet: Sheet, *, as_json: bool, indent: int | None) -> None:
    if as_json:
        print_json(out, sheet.value, indent=indent)
        return
    print_lines(out if out.is_terminal else margin(), map(neutral, sheet.head))
    print_table(out, sheet.columns, sheet.rows)
    print_lines(margin(), map(neutral, sheet.more))


async def _show_in_place(
    out: Console,
    look: Callable[[], Awaitable[Sheet]],
    every_seconds: float,
    sleep: Callable[[float], Awaitable[None]],
) -> None:
    with Live(console=out, auto_refresh=False, vertical_overflow="ellipsis") as live:
        while True:
            try:
                live.update(_drawn(out, await look()), refresh=True)
            except (QueueUnavailableError, StorageUnavailableError) as error:
                live.update(Text(f"hookline: {neutral(str(error))}"), refresh=True)
            await sleep(every_seconds)


def _drawn(out: Console, sheet: Sheet) -> Group:
    head = (Text(neutral(line), no_wrap=True, overflow="ellipsis") for line in sheet.head)
    return Group(*head, *laid_out(out.width, sheet.columns, sheet.rows))
