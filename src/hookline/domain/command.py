"""What a person or a rule asks for."""

from collections.abc import Mapping
from dataclasses import field
from enum import IntEnum, StrEnum

from hookline.domain.frozen import frozen


class Verb(StrEnum):
    """The first word of a command."""

    ANALYZE = "analyze"
    PLAN = "plan"
    FIX = "fix"
    IMPLEMENT = "implement"
    REVIEW = "review"
    APPROVE = "approve"
    IMPROVE = "improve"
    ASK = "ask"
    HELP = "help"
    STATUS = "status"
    CANCEL = "cancel"
    RETRY = "retry"


CONTROL_VERBS = frozenset({Verb.APPROVE, Verb.HELP, Verb.STATUS, Verb.CANCEL, Verb.RETRY})
"""Verbs that speak about tasks instead of asking for one."""

CODE_CHANGING_VERBS = frozenset({Verb.FIX, Verb.IMPLEMENT, Verb.IMPROVE})
"""Verbs that need a repository."""


class Band(IntEnum):
    """Priority band; a lower number runs first."""

    CRITICAL = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3


class Option(StrEnum):
    """Options a command may carry as `key=value` at either end."""

    AGENT = "agent"
    BUDGET = "budget"
    MODE = "mode"
    MODEL = "model"
    PRIORITY = "priority"


@frozen
class Command:
    """A verb, free text, and the options as they were written (values are outsiders' text)."""

    verb: Verb
    text: str
    options: Mapping[Option, str] = field(default_factory=dict[Option, str])


@frozen
class Prose:
    """A text and its shadow of the same length, in which code and quotations are blanked out.

    Mentions, verbs and options are looked for in the shadow only; the words are taken from the text.
    """

    text: str
    shadow: str

    @property
    def is_all_said(self) -> bool:
        """Whether nothing at all is blanked out."""
        return self.shadow is self.text
