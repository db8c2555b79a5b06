"""Shadows of Jira's wiki markup and of the Markdown people type into it: what is code or quoted is hidden.

Doubt hides: a block that is never closed reaches to the end of the text. One pass, in linear time
whatever the text.
"""

import re
from collections.abc import Callable

from hookline.core.commands import blank

OPAQUE = "\ufffc"
"""Stands for each character of inline code: a word that is no mention, verb or option, yet a word."""

_OPENER = re.compile(
    r"(?P<code>\{code(?::[^{}\n]{0,300})?\})"
    r"|(?P<noformat>\{noformat(?::[^{}\n]{0,300})?\})"
    r"|(?P<quote>\{quote\})"
    r"|(?P<fence>`{3,}|^[ \t]{0,3}~{3,})"
    r"|(?P<monospace>\{\{)"
    r"|(?P<tick>`{1,2})"
    r"|(?P<line>^[ \t]*(?:bq\.[ \t]|>))",
    re.IGNORECASE | re.MULTILINE,
)
_BLOCK_ENDS = {
    "code": re.compile(r"\{code\}", re.IGNORECASE),
    "noformat": re.compile(r"\{noformat\}", re.IGNORECASE),
    "quote": re.compile(r"\{quote\}", re.IGNORECASE),
}
_VISIBLE = re.compile(r"\S")


def mask(text: str) -> str:
    """Opaque characters of the same number, white space kept."""
    return _VISIBLE.sub(OPAQUE, text)


def shade(text: str) -> str:
    """The text with code and quotations hidden, of the same length."""
    return _Shading(text).finish()


class _Shading:
    """One walk through a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._pieces: list[str] = []
        self._done = 0
        self._known_line_end = -1
        self._unclosed: dict[str, int] = {}

    def finish(self) -> str:
        position = 0
        while found := _OPENER.search(self._text, position):
            position = self._pass(found)
        self._pieces.append(self._text[self._done :])
        return "".join(self._pieces)

    def _pass(self, found: re.Match[str]) -> int:
        kind = found.lastgroup or ""
        if kind == "line":
            return self._hide(found.start(), self._line_end(found.end()), blank)
        if kind == "fence":
            return self._hide(found.start(), self._after(found.group().strip(), found.end()), blank)
        if end := _BLOCK_ENDS.get(kind):
            closing = end.search(self._text, found.end())
            return self._hide(found.start(), closing.end() if closing else len(self._text), blank)
        return self._pass_inline(found, "}}" if kind == "monospace" else found.group())

    def _pass_inline(self, found: re.Match[str], closer: str) -> int:
        if found.end() <= self._unclosed.get(closer, -1):
            return found.end()
        line_end = self._line_end(found.end())
        closing = self._text.find(closer, found.end(), line_end)
        if closing < 0:
            self._unclosed[closer] = line_end
            return found.end()
        return self._hide(found.start(), closing + len(closer), mask)

    def _after(self, closer: str, start: int) -> int:
        closing = self._text.find(closer, start)
        return len(self._text) if closing < 0 else closing + len(closer)

    def _line_end(self, start: int) -> int:
        if start > self._known_line_end:
            end = self._text.find("\n", start)
            self._known_line_end = len(self._text) if end < 0 else end
        return self._known_line_end

    def _hide(self, start: int, end: int, hide: Callable[[str], str]) -> int:
        self._pieces += (self._text[self._done : start], hide(self._text[start:end]))
        self._done = end
        return end
