"""What a Jira text says, and whether it addresses the agent."""

import re
from functools import lru_cache
from typing import assert_never

from hookline.core.commands import find_command, mention_of
from hookline.domain.command import Command, Prose
from hookline.domain.frozen import frozen
from hookline.domain.text import clean
from hookline.webhooks.jira.documents import render
from hookline.webhooks.jira.payloads import Node, RichText
from hookline.webhooks.jira.people import OwnAccounts
from hookline.webhooks.jira.wiki import shade

SCAN_LIMIT = 262_144
"""Characters of a text that are looked at."""


@frozen
class Reader:
    """Reads texts of one source: the handle as plain text, and mentions of its own accounts."""

    handle: str
    ours: OwnAccounts

    def prose(self, text: RichText) -> Prose:
        """Wiki markup, plain text or a document, with code and quotations hidden."""
        match text:
            case None:
                return Prose("", "")
            case str():
                words = clean(text[:SCAN_LIMIT])
                return Prose(words, shade(words))
            case Node():
                rendered = render(text, mention_of(self.handle), self.ours, SCAN_LIMIT)
                return Prose(rendered.text, shade(rendered.shadow))
            case _:
                assert_never(text)

    def command(self, text: RichText) -> Command | None:
        """The command after the first mention of the agent, or `None`."""
        return find_command(self.prose(text), _address(self.handle, self.ours))


@lru_cache(maxsize=64)
def _address(handle: str, ours: OwnAccounts) -> re.Pattern[str]:
    """`@handle`, or a wiki mention of one of our accounts: `[~accountid:5b10]`, `[~user]`."""
    plain = mention_of(handle).pattern
    accounts = "|".join(map(re.escape, sorted(ours.folded)))
    wiki = rf"|\[~(?:accountid:)?(?:{accounts})\][:,]?" if accounts else ""
    return re.compile(plain + wiki, re.IGNORECASE)
