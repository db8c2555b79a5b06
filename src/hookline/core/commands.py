"""Finds commands in prose: a mention, a verb, options at either end, and the words between."""

import re
from functools import lru_cache

from hookline.domain.command import Command, Option, Prose, Verb
from hookline.domain.text import TEXT_LIMIT, shorten

_OPTION = re.compile(r"(agent|budget|mode|model|priority)=([^\s=]{1,100})", re.IGNORECASE)
_LEADING_OPTION = re.compile(rf"\s*({_OPTION.pattern})(?!\S)", re.IGNORECASE)
_WORD = re.compile(r"\s*(\S+)")
_LAST_WORD_LIMIT = 120
_TRAILING_OPTIONS = 10
_VERBS = {verb.value: verb for verb in Verb}


@lru_cache(maxsize=64)
def mention_of(handle: str) -> re.Pattern[str]:
    """A pattern that finds `@handle` as a word of its own, in any case."""
    return re.compile(rf"@(?<![\w@/.+-]@){re.escape(handle)}(?![\w-]|\.\w)[:,]?", re.IGNORECASE)


def find_command(prose: Prose, mention: re.Pattern[str]) -> Command | None:
    """The command after the first mention outside code and quotations, or `None`."""
    found = mention.search(prose.shadow)
    return None if found is None else read_command(prose, found.end())


def read_command(prose: Prose, start: int = 0) -> Command:
    """Read the command that begins at `start`.

    The first word is the verb if it is exactly one, options may stand before and after it; known options
    at the very end count too. Everything else is the text. Without a verb the verb is `ask`.
    """
    may_have_options = "=" in prose.shadow
    options: dict[Option, str] = {}
    position = _leading_options(prose, start, options) if may_have_options else start
    verb = Verb.ASK
    word = _WORD.match(prose.shadow, position)
    if word and _is_next(prose, position, word.start(1)) and (named := _VERBS.get(word.group(1).lower())):
        verb, position = named, word.end()
        if may_have_options:
            position = _leading_options(prose, position, options)
    text = prose.text[position:]
    if may_have_options:
        text = "".join(_without_trailing_options(prose, position, options))
    return Command(verb, shorten(text.strip(), TEXT_LIMIT), options)


def _leading_options(prose: Prose, position: int, options: dict[Option, str]) -> int:
    while (found := _LEADING_OPTION.match(prose.shadow, position)) and _is_next(
        prose, position, found.start(1)
    ):
        options.setdefault(Option(found.group(2).lower()), found.group(3))
        position = found.end()
    return position


def _is_next(prose: Prose, position: int, begin: int) -> bool:
    """Whether nothing visible, such as code, stands between two places."""
    return not prose.text[position:begin].strip()


def _without_trailing_options(prose: Prose, position: int, options: dict[Option, str]) -> list[str]:
    """The words from a place on, less the options at the end; code behind those is kept."""
    pieces: list[str] = []
    end = len(prose.text)
    for _ in range(_TRAILING_OPTIONS):
        stop = position + len(prose.shadow[position:end].rstrip())
        begin = stop - len(_last_word(prose.shadow[max(position, stop - _LAST_WORD_LIMIT) : stop]))
        option = _OPTION.fullmatch(prose.shadow, begin, stop)
        if option is None:
            break
        options.setdefault(Option(option.group(1).lower()), option.group(2))
        pieces.insert(0, prose.text[stop:end])
        end = begin
    return [prose.text[position:end], *pieces]


def _last_word(text: str) -> str:
    words = text.split()
    return words[-1] if words else ""


def blank(text: str) -> str:
    """White space of the same length, line ends kept."""
    return _VISIBLE.sub(" ", text)


_VISIBLE = re.compile(r"[^\n]")
