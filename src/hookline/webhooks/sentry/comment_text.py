"""Reads the Markdown of Sentry's comments: what is said, without code and quotations."""

import re
from collections.abc import Iterator
from itertools import groupby

from hookline.core.commands import blank
from hookline.domain.text import shorten

READ_LIMIT = 262_144

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^\n]*)")
_QUOTATION = re.compile(r" {0,3}>")
_INDENTED = re.compile(r"(?: {4}| {0,3}\t)")
_TICKS = re.compile(r"`+")


def spoken(text: str) -> str:
    """The text with code blocks, inline code and quoted lines blanked, line ends kept."""
    lines = _without_blocks(shorten(text, READ_LIMIT).split("\n"))
    paragraphs = ("\n".join(group) for _, group in groupby(lines, key=_is_gap))
    return "\n".join(map(_without_inline_code, paragraphs))


def _without_blocks(lines: list[str]) -> Iterator[str]:
    fence = ""
    follows_gap = True
    for line in lines:
        mark = _FENCE.match(line)
        if fence:
            fence = "" if mark and _closes(mark, fence) else fence
            is_code = True
        elif mark and _opens(mark):
            fence = mark.group(1)
            is_code = True
        else:
            is_code = follows_gap and _INDENTED.match(line) is not None
            follows_gap = is_code or not line.strip()
        yield blank(line) if is_code or _QUOTATION.match(line) else line


def _is_gap(line: str) -> bool:
    return not line.strip()


def _opens(mark: re.Match[str]) -> bool:
    return mark.group(1)[0] == "~" or "`" not in mark.group(2)


def _closes(mark: re.Match[str], fence: str) -> bool:
    return mark.group(1).startswith(fence) and not mark.group(2).strip()


def _without_inline_code(text: str) -> str:
    runs = list(_TICKS.finditer(text))
    partners = _next_of_same_length(runs)
    parts: list[str] = []
    done = index = 0
    while index < len(runs):
        partner = partners[index]
        if partner is None or _is_escaped(text, runs[index].start()):
            index += 1
            continue
        start, done_before = runs[index].start(), done
        done = runs[partner].end()
        parts += (text[done_before:start], blank(text[start:done]))
        index = partner + 1
    return "".join((*parts, text[done:]))


def _next_of_same_length(runs: list[re.Match[str]]) -> list[int | None]:
    seen: dict[int, int] = {}
    partners: list[int | None] = [None] * len(runs)
    for index in range(len(runs) - 1, -1, -1):
        length = len(runs[index].group())
        partners[index] = seen.get(length)
        seen[length] = index
    return partners


def _is_escaped(text: str, position: int) -> bool:
    slashes = 0
    while slashes < position and text[position - slashes - 1] == "\\":
        slashes += 1
    return slashes % 2 == 1
