"""Finds commands in prose: a mention, a verb, options at either end, and the words between."""

import re
from functools import lru_cache

from hookline.domain.command import Command, Option, Prose, Verb
from hookline.domain.text import TEXT_LIMIT, shorten

_OPTION = re.compile(r"(agent|budget|mode|model|priority)=([^\s=]{1,100})", re.IGNORECASE)
_WORD = re.compile(r"\S+")
_VERBS = {verb.value: verb for verb in Verb}


@lru_cache(maxsize=64)
def mention_of(handle: str) -> re.Pattern[str]:
    """A pattern that finds `@handle` as a word of its own, in any case."""
    return re.compile(rf"(?<![\w@/.+-])@{re.escape(handle)}(?![\w-]|\.\w)[:,]?", re.IGNORECASE)


def find_command(prose: Prose, mention: re.Pattern[str]) -> Command | None:
    """The command after the first mention outside code and quotations, or `None`."""
    found = mention.search(prose.shadow)
    return None if found is None else read_command(prose, found.end())


def read_command(prose: Prose, start: int = 0) -> Command:
    """Read the command that begins at `start`.

    The first word is the verb if it is exactly one, options may stand before and after it; known options
    at the very end count too. Everything else is the text. Without a verb the verb is `ask`.
    """
    options: dict[Option, str] = {}
    words = list(_WORD.finditer(prose.shadow, start))
    first, last, verb = 0, len(words), Verb.ASK
    first = _take_options(words, first, options)
    if (
        first < last
        and _stands_free(prose, words[first])
        and (named := _VERBS.get(words[first].group().lower()))
    ):
        verb = named
        first = _take_options(words, first + 1, options)
    while last > first and (option := _OPTION.fullmatch(words[last - 1].group())):
        options.setdefault(Option(option.group(1).lower()), option.group(2))
        last -= 1
    begin = words[first - 1].end() if first else start
    end = words[last].start() if last < len(words) else len(prose.text)
    return Command(verb=verb, text=shorten(prose.text[begin:end].strip(), TEXT_LIMIT), options=options)


def _take_options(words: list[re.Match[str]], index: int, options: dict[Option, str]) -> int:
    while index < len(words) and (option := _OPTION.fullmatch(words[index].group())):
        options.setdefault(Option(option.group(1).lower()), option.group(2))
        index += 1
    return index


def _stands_free(prose: Prose, word: re.Match[str]) -> bool:
    return not prose.text[: word.start()].endswith("`")


def blank(text: str) -> str:
    """White space of the same length, line ends kept."""
    return _VISIBLE.sub(" ", text)


_VISIBLE = re.compile(r"[^\n]")
