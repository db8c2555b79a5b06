"""Reads GitHub-flavoured Markdown just far enough to know what does not speak: code, quotations, comments.

Block structure after CommonMark 0.31 (https://spec.commonmark.org/0.31.2/): fenced and indented code, list
items as containers of both, HTML comments; code spans and inline comments end with their paragraph. Each line
that begins with `>` is quoted, a line without it is the writer's own. HTML's elements for code and quotations
hide what they hold, up to the end of the text where they are left open. Linear in the text.
"""

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass

from hookline.core.commands import blank, find_command, mention_of, read_command
from hookline.domain.command import Command, Prose

SCAN_LIMIT = 262_144
"""Characters that are read at all; GitHub itself accepts at most 65,536 in a body."""

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)?")
_MARKER = re.compile(r"(?:[-+*]|\d{1,9}[.)])(?=[ \t\r\n]|$)", re.ASCII)
_FENCE = re.compile(r"(`{3,})[^`\r\n]*(?=[\r\n]|$)|(~{3,})")
_HEADING = re.compile(r"#{1,6}(?=[ \t\r\n]|$)")
_MAY_HIDE = re.compile(r"[`~<>\t]|\ {4}")
_INLINE = re.compile(r"`+|<!--")
_ELEMENT = re.compile(
    r"(?<!\\)<(/?)(blockquote|code|kbd|pre|samp|tt)(?=[\s/>])[^<>]*>", re.ASCII | re.IGNORECASE
)
_TAB = 4
_CODE_INDENT = 4
_COMMENT, _COMMENT_END = "<!--", "-->"


def command_in(text: str, handle: str) -> Command | None:
    """The command after the first mention of `@handle` that is said and not shown, or `None`."""
    if "@" not in text:
        return None
    mention = mention_of(handle)
    found = mention.search(text, 0, SCAN_LIMIT)
    if found is None:
        return None
    prose = read_markdown(text)
    return read_command(prose, found.end()) if prose.is_all_said else find_command(prose, mention)


def read_markdown(text: str) -> Prose:
    """The text, cut to `SCAN_LIMIT`, and its shadow without code, quotations and comments."""
    scanned = text[:SCAN_LIMIT]
    return Prose(scanned, _outside(_Blocks(scanned).shadow()) if _MAY_HIDE.search(scanned) else scanned)


def _outside(shadow: str) -> str:
    """The text outside of HTML's elements for code and quotations."""
    pieces: list[str] = []
    within: list[str] = []
    counts: Counter[str] = Counter()
    kept = opened = 0
    for tag in _ELEMENT.finditer(shadow):
        name, is_end = tag.group(2).lower(), bool(tag.group(1))
        if not is_end:
            opened = opened if within else tag.start()
            within.append(name)
            counts[name] += 1
        elif counts[name]:
            _close(within, counts, name)
            if not within:
                pieces += (shadow[kept:opened], blank(shadow[opened : tag.end()]))
                kept = tag.end()
    if within:
        pieces += (shadow[kept:opened], blank(shadow[opened:]))
        kept = len(shadow)
    return "".join((*pieces, shadow[kept:]))


def _close(within: list[str], counts: Counter[str], name: str) -> None:
    while counts[name]:
        innermost = within.pop()
        counts[innermost] -= 1
        if innermost == name:
            return


@dataclass(frozen=True, slots=True)
class _Fence:
    mark: str
    margin: int


class _Blocks:
    def __init__(self, text: str) -> None:
        self._text = text
        self._hidden: list[tuple[int, int]] = []
        self._items: list[int] = []
        self._fence: _Fence | None = None
        self._paragraph: tuple[int, int] | None = None

    def shadow(self) -> str:
        at = 0
        while at < len(self._text):
            at = self._read_line(at)
        self._end_paragraph()
        pieces: list[str] = []
        kept = 0
        for start, end in self._hidden:
            pieces += (self._text[kept:start], blank(self._text[start:end]))
            kept = end
        return "".join((*pieces, self._text[kept:]))

    def _read_line(self, at: int) -> int:
        end = self._line_end(at)
        content, column = self._indentation(at, end, 0)
        if self._is_blank(content, end):
            self._end_paragraph()
            return end
        if self._fence is not None and self._read_fenced(self._fence, content, column, end):
            return end
        while self._items and column < self._items[-1]:
            self._items.pop()
        if column - self._margin >= _CODE_INDENT:
            return self._hide(at, end) if self._paragraph is None else self._continue_paragraph(content, end)
        return self._read_item(content, column, end)

    def _read_fenced(self, fence: _Fence, content: int, column: int, end: int) -> bool:
        if column < fence.margin:
            self._fence = None
            return False
        self._hide(content, end)
        line = self._text[content:end].rstrip(" \t\r\n")
        is_mark = line == fence.mark[0] * len(line) and len(line) >= len(fence.mark)
        if is_mark and column - fence.margin < _CODE_INDENT:
            self._fence = None
        return True

    def _read_item(self, content: int, column: int, end: int) -> int:
        while marker := _MARKER.match(self._text, content, end):
            self._end_paragraph()
            column += marker.end() - marker.start()
            content, inner = self._indentation(marker.end(), end, column)
            is_empty = self._is_blank(content, end)
            if is_empty or inner - column > _CODE_INDENT:
                self._items.append(column + 1)
                return end if is_empty else self._hide(content, end)
            column = inner
            self._items.append(column)
        return self._read_block(content, end)

    def _read_block(self, content: int, end: int) -> int:
        if self._text[content] == ">":
            self._end_paragraph()
            return self._hide(content, end)
        if fence := _FENCE.match(self._text, content, end):
            self._end_paragraph()
            self._fence = _Fence(fence.group(1) or fence.group(2), self._margin)
            return self._hide(content, end)
        if self._text.startswith(_COMMENT, content):
            self._end_paragraph()
            return self._read_comment(content)
        if _HEADING.match(self._text, content, end):
            self._end_paragraph()
            self._continue_paragraph(content, end)
            self._end_paragraph()
            return end
        return self._continue_paragraph(content, end)

    def _read_comment(self, content: int) -> int:
        found = self._text.find(_COMMENT_END, content + 2)
        stop = len(self._text) if found < 0 else found + len(_COMMENT_END)
        self._hide(content, stop)
        self._paragraph = (stop, stop)
        return stop

    def _continue_paragraph(self, content: int, end: int) -> int:
        self._paragraph = (content if self._paragraph is None else self._paragraph[0], end)
        return end

    def _end_paragraph(self) -> None:
        if self._paragraph is not None:
            self._hidden += _hidden_inline(self._text, *self._paragraph)
            self._paragraph = None

    def _hide(self, start: int, end: int) -> int:
        self._hidden.append((start, end))
        return end

    @property
    def _margin(self) -> int:
        return self._items[-1] if self._items else 0

    def _line_end(self, at: int) -> int:
        line = _LINE.match(self._text, at)
        return len(self._text) if line is None else line.end()

    def _is_blank(self, content: int, end: int) -> bool:
        return content == end or self._text[content] in "\r\n"

    def _indentation(self, at: int, end: int, column: int) -> tuple[int, int]:
        while at < end and self._text[at] in " \t":
            column += 1 if self._text[at] == " " else _TAB - column % _TAB
            at += 1
        return at, column


def _hidden_inline(text: str, start: int, end: int) -> list[tuple[int, int]]:
    tokens = list(_INLINE.finditer(text, start, end))
    runs: dict[int, list[int]] = {}
    for token in tokens:
        if token.group() != _COMMENT:
            runs.setdefault(len(token.group()), []).append(token.start())
    hidden: list[tuple[int, int]] = []
    last_comment_end = text.rfind(_COMMENT_END, start, end) if tokens else -1
    said = start
    for token in tokens:
        if token.start() < said:
            continue
        escaped = _is_escaped(text, token.start(), said)
        if token.group() != _COMMENT:
            stop = _span_end(runs, token.start(), len(token.group()) - escaped)
        elif escaped or last_comment_end < token.start() + 2:
            stop = None
        else:
            stop = text.find(_COMMENT_END, token.start() + 2, end) + len(_COMMENT_END)
        if stop is not None:
            hidden.append((token.start(), stop))
            said = stop
    return hidden


def _is_escaped(text: str, at: int, start: int) -> bool:
    first = at
    while first > start and text[first - 1] == "\\":
        first -= 1
    return (at - first) % 2 == 1


def _span_end(runs: dict[int, list[int]], start: int, length: int) -> int | None:
    same = runs.get(length, [])
    index = bisect_right(same, start)
    return same[index] + length if index < len(same) else None
