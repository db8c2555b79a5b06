"""Renders Atlassian documents (ADF) to text, with a shadow in which code and quotations are hidden.

Source: the Atlassian Document Format (developer.atlassian.com). Nodes that are not known are read through.
The walk keeps its own stack, so depth costs no recursion, and stops at a bound.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from hookline.core.commands import blank
from hookline.domain.command import Prose
from hookline.domain.text import clean
from hookline.webhooks.jira.payloads import Node, NodeAttributes
from hookline.webhooks.jira.people import OwnAccounts
from hookline.webhooks.jira.wiki import mask

_QUOTING = frozenset({"blockquote", "codeBlock"})
_INLINE = frozenset({None, "text", "mention", "emoji", "hardBreak", "inlineCard", "status", "date"})
_BLOCK_END = Node(type="blockEnd")

_Hide: TypeAlias = Callable[[str], str]


def _as_it_is(text: str) -> str:
    return text


@dataclass(slots=True)
class _Page:
    """What is written so far."""

    limit: int
    text: list[str] = field(default_factory=list[str])
    shadow: list[str] = field(default_factory=list[str])
    length: int = 0

    @property
    def is_full(self) -> bool:
        return self.length >= self.limit

    def write(self, words: str, hide: _Hide) -> None:
        words = clean(words[: self.limit - self.length])
        self.text.append(words)
        self.shadow.append(hide(words))
        self.length += len(words)

    def end_block(self) -> None:
        if self.text and not self.text[-1].endswith("\n"):
            self.write("\n", _as_it_is)


def render(document: Node, mention: re.Pattern[str], ours: OwnAccounts, limit: int) -> Prose:
    """Render a document to at most `limit` characters.

    Args:
        document: the root node.
        mention: finds a mention of the agent in plain text.
        ours: the accounts whose mention nodes mean the agent.
        limit: characters to render at most.
    """
    page = _Page(limit)
    stack: list[tuple[Node, _Hide]] = [(document, _as_it_is)]
    while stack and not page.is_full:
        node, hide = stack.pop()
        if node is _BLOCK_END:
            page.end_block()
            continue
        inner = blank if node.type in _QUOTING else hide
        words, inner = _words_of(node, inner, mention, ours)
        if words:
            page.write(words, inner)
        if node.type not in _INLINE:
            stack.append((_BLOCK_END, hide))
        stack.extend((child, inner) for child in reversed(node.content or ()))
    return Prose("".join(page.text), "".join(page.shadow))


def _words_of(node: Node, hide: _Hide, mention: re.Pattern[str], ours: OwnAccounts) -> tuple[str, _Hide]:
    attributes = node.attrs or _NO_ATTRIBUTES
    if node.type == "mention":
        return _mention_words(attributes, hide, mention, ours)
    if node.type == "hardBreak":
        return "\n", hide
    is_code = any(mark.type == "code" for mark in node.marks or ())
    words = node.text or attributes.text or attributes.url or attributes.short_name or ""
    return words, mask if is_code and hide is _as_it_is else hide


def _mention_words(
    attributes: NodeAttributes, hide: _Hide, mention: re.Pattern[str], ours: OwnAccounts
) -> tuple[str, _Hide]:
    """A mention of the agent reads as wiki markup would write it; one of anybody else commands nothing."""
    if ours.include(attributes.id):
        return f"[~accountid:{attributes.id}]", hide
    words = attributes.text or f"@{attributes.id or ''}"
    is_agent = mention.fullmatch(words) is not None
    return words, hide if is_agent or hide is not _as_it_is else mask


_NO_ATTRIBUTES = NodeAttributes()
