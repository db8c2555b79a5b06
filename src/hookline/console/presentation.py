"""What commands print: tables, facts and JSON, with everything from outside made harmless.

On a terminal tables are drawn; elsewhere columns are separated by tabs, and nothing is wrapped or cut.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from pydantic import JsonValue, TypeAdapter
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

_GAP = 2
_READABLE = 24
_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)
_SPACE = re.compile(r"[ \t\n\r\v\f\x85\u2028\u2029]+")
_DANGEROUS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""Controls of terminals (C0, DEL, C1), of the direction of writing, of lines; invisible characters."""

ItemT = TypeVar("ItemT")


class Printer(Console):
    """A console that lets a reader who went away end the command quietly."""

    def on_broken_pipe(self) -> None:
        """The reader has had enough.

        Raises:
            BrokenPipeError: always, for whoever runs the command.
        """
        self.quiet = True
        raise BrokenPipeError


def screen() -> Console:
    """Standard output."""
    return Printer(highlight=False, markup=False, emoji=False)


def margin() -> Console:
    """Standard error, for what is not the answer itself."""
    return Printer(stderr=True, highlight=False, markup=False, emoji=False)


def neutral(text: str) -> str:
    """A text of outsiders as one harmless line: what could steer a terminal becomes U+FFFD."""
    return _DANGEROUS.sub("\ufffd", _SPACE.sub(" ", text).strip())


def neutral_block(text: str) -> str:
    """A text of outsiders with its lines and tabs kept, and all else made harmless."""
    return _DANGEROUS.sub("\ufffd", text.replace("\r\n", "\n"))


def lasted(seconds: float) -> str:
    """A duration in its two largest units, as `3h 5m`."""
    left, parts = int(max(seconds, 0)), list[str]()
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def told(moment: datetime | None) -> str:
    """A time as `2026-03-01 12:00:00Z`; nothing for none."""
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Column:
    """A column; a `fixed` one is never cut, and `styles` colours cells by their text."""

    title: str
    fixed: bool = True
    styles: Mapping[str, str] = field(default_factory=dict[str, str])


def print_table(out: Console, columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    """Print rows of texts from anywhere; on a narrow terminal each takes two lines."""
    if not out.is_terminal:
        print_lines(out, ("\t".join(column.title for column in columns),))
        print_lines(out, ("\t".join(map(neutral, row)) for row in rows))
        return
    for part in laid_out(out.width, columns, rows):
        out.print(part, soft_wrap=isinstance(part, Text))


def laid_out(
    width: int, columns: Sequence[Column], rows: Iterable[Sequence[str]]
) -> Sequence[Table] | Sequence[Text]:
    """Rows of texts from anywhere for a terminal so wide: a table, or two lines for each row."""
    cells = [[neutral(cell) for cell in row] for row in rows]
    widths = [
        max(cell_len(column.title), *(cell_len(row[at]) for row in cells), 0)
        for at, column in enumerate(columns)
    ]
    needed = sum(size for size, column in zip(widths, columns, strict=True) if column.fixed)
    flexible = sum(not column.fixed for column in columns)
    if needed + _GAP * len(columns) + _READABLE * flexible <= width:
        return [_drawn(columns, cells)]
    return [line for row in cells for line in _stacked(width, columns, widths, row)]


def _drawn(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.title, no_wrap=column.fixed)
    for row in cells:
        table.add_row(*(_cell(column, text) for column, text in zip(columns, row, strict=True)))
    return table


def _cell(column: Column, text: str) -> Text:
    return Text(text, style=column.styles.get(text, ""), no_wrap=True, overflow="ellipsis")


def _stacked(
    width: int, columns: Sequence[Column], widths: Sequence[int], row: Sequence[str]
) -> Iterable[Text]:
    first, second = Text(), Text("  ")
    for column, size, cell in zip(columns, widths, row, strict=True):
        line = first if column.fixed else second
        _ = line.append(cell, style=column.styles.get(cell, "" if column.fixed else "dim"))
        _ = line.append(" " * (size - cell_len(cell) + _GAP if column.fixed else _GAP))
    first.rstrip()
    yield first
    second.rstrip()
    second.truncate(width, overflow="ellipsis")
    if second.plain.strip():
        yield second


def print_facts(out: Console, facts: Mapping[str, str | None]) -> None:
    """Print named texts from anywhere, one in a line; those that are `None` or empty are left out."""
    shown = {name: neutral(text) for name, text in facts.items() if text}
    width = max(map(len, shown), default=0)
    print_lines(out, (f"{name:<{width}}  {text}" for name, text in shown.items()))


def print_lines(out: Console, lines: Iterable[str]) -> None:
    """Print harmless lines as they are, however long."""
    for line in lines:
        _ = out.file.write(f"{line}\n")


def plain(adapter: TypeAdapter[ItemT], value: ItemT) -> JsonValue:
    """A value as JSON knows it."""
    return _JSON.validate_json(adapter.dump_json(value))


def print_json(out: Console, value: JsonValue, *, indent: int | None = 2) -> None:
    """Print JSON; characters that could steer a terminal are escaped, so nothing is lost."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    print_lines(out, (_DANGEROUS.sub(_escape, text),))


def _escape(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
