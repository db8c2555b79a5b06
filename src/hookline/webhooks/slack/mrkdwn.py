"""Slack's mrkdwn: what in a post is a command, and what is only code or a quotation.

Syntax: docs.slack.dev/messaging/formatting-message-text. A post spells `&`, `<` and `>` as entities, so that
only Slack itself can write `<@U1>`; mentions are therefore looked for before the entities are decoded.
"""

import re

from hookline.core.commands import blank, mention_of, read_command
from hookline.domain.command import Command, Prose
from hookline.domain.text import one_line

SCAN_LIMIT = 262_144
"""So many characters of a text are looked at."""

_TITLE_SCAN = 2_000
_SET_ASIDE = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]+`|^[ \t]*(?:>|&gt;){3}.*\Z|^[ \t]*(?:>|&gt;)[^\n]*", re.DOTALL | re.MULTILINE
)
_QUOTED_LINE = re.compile(r"\n[ \t]*(?:>|&gt;)")
_USER = re.compile(r"<@([A-Za-z0-9_-]{1,64})(?:\|[^<>|\n]{0,100})?>[:,]?")
_VISIBLE = re.compile(r"\S")
_ENTITY = re.compile(r"&(?:amp|lt|gt);")
_CHARACTERS = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}


def read_mrkdwn(raw: str) -> Prose:
    """The text as Slack sent it, entities still encoded, with its shadow."""
    text = raw[:SCAN_LIMIT]
    if "`" not in text and not _QUOTED_LINE.search("\n" + text):
        return Prose(text, text)
    return Prose(text, _SET_ASIDE.sub(lambda aside: blank(aside.group()), text))


def command_after_mention(
    prose: Prose, bot_ids: frozenset[str], handle: str, *, addressed: bool
) -> Command | None:
    """The command behind the first mention of one of `bot_ids` or of `@handle`, or `None`.

    `addressed` says that the post mentions the bot for certain: where none of the known ids is found, the
    first user mentioned is taken for it.
    """
    users = [*_USER.finditer(prose.shadow)]
    named = next((user for user in users if user.group(1) in bot_ids), None)
    spoken = _handle_in(prose.shadow, mention_of(handle))
    found = [mention.span() for mention in (named, spoken) if mention]
    if not found and addressed and users:
        found = [users[0].span()]
    return _command_at(prose, min(found)[1]) if found else None


def command_of_message(prose: Prose, bot_ids: frozenset[str], handle: str) -> Command | None:
    """The command that a whole text is, a mention at its beginning left out; `None` if nothing is said."""
    first = _VISIBLE.search(prose.shadow)
    if first is None:
        return None
    user = _USER.match(prose.shadow, first.start())
    spoken = mention_of(handle).match(prose.shadow, first.start())
    named = user if user and user.group(1) in bot_ids else spoken
    return _command_at(prose, named.end() if named else 0)


def plain_text(raw: str) -> str:
    """A text with its entities decoded."""
    return _decoded(Prose(raw, raw)).text


def title_of(raw: str) -> str:
    """A text as one short line."""
    return one_line(plain_text(raw[:_TITLE_SCAN]))


def _handle_in(shadow: str, mention: re.Pattern[str]) -> re.Match[str] | None:
    """The first mention; trying only where an `@` stands is much faster than searching."""
    at = shadow.find("@")
    while at >= 0:
        if found := mention.match(shadow, at):
            return found
        at = shadow.find("@", at + 1)
    return None


def _command_at(prose: Prose, start: int) -> Command:
    return read_command(_decoded(Prose(prose.text[start:], prose.shadow[start:])))


def _decoded(prose: Prose) -> Prose:
    if "&" not in prose.text:
        return prose
    text: list[str] = []
    shadow: list[str] = []
    position = 0
    for entity in _ENTITY.finditer(prose.text):
        start, end = entity.span()
        character = _CHARACTERS[entity.group()]
        is_shown = prose.shadow[start:end] == entity.group()
        text += (prose.text[position:start], character)
        shadow += (prose.shadow[position:start], character if is_shown else " ")
        position = end
    return Prose("".join((*text, prose.text[position:])), "".join((*shadow, prose.shadow[position:])))
