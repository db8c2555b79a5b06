"""The port through which handlers ask what may start, and for whom."""

from typing import Protocol, TypeAlias

from hookline.domain.command import Command
from hookline.domain.frozen import frozen
from hookline.domain.outcome import Facts, Reason, Trigger
from hookline.domain.rules import Plan


@frozen
class Candidate:
    """A possible task, as a handler found it.

    `command` is what a person wrote, or `None` where only a rule can say what to do; `entitled` is the
    provider's own answer to "may this one ask", used where the rule names nobody. `standing` is GitHub's
    association; `channel` the Slack channel; `repository` and `base` come from the payload where it has them.
    `logins` are names of the actor that rules may list beside its id: only such as their bearer can't choose
    to be another's.
    """

    provider: str
    source: str
    facts: Facts
    trigger: Trigger
    entitled: bool
    command: Command | None = None
    label: str = ""
    level: str = ""
    standing: str = ""
    channel: str = ""
    logins: frozenset[str] = frozenset()
    repository: str | None = None
    base: str | None = None


@frozen
class Admitted:
    """A rule lets it run: this command, this way."""

    command: Command
    plan: Plan


@frozen
class Refused:
    """No rule, or the rule says no."""

    reason: Reason
    detail: str


Ruling: TypeAlias = Admitted | Refused


class Policy(Protocol):
    """Decides by the configured rules; pure and fast."""

    @property
    def handle(self) -> str:
        """The name people mention, without the `@`."""
        ...

    def rule_on(self, candidate: Candidate, /) -> Ruling:
        """Find the first matching rule and apply it."""
        ...
