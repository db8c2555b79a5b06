"""What a worker tells of an attempt while it runs, and the port that keeps it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from pydantic import JsonValue

from hookline.domain.frozen import frozen
from hookline.domain.lifecycle import Lost
from hookline.domain.workers import WorkLease

AgentEvent: TypeAlias = Literal["said", "called_tool", "got_result", "noted"]
"""What an agent's line tells; in the log it is `agent.said` and so on."""


@frozen
class AgentLine:
    """One line of an agent's output; `name` is the tool's, where it speaks of one."""

    event: AgentEvent
    text: str
    name: str | None = None


@frozen
class Logged:
    """How many lines were stored now, and the number of the line that should come next.

    `is_truncated`: the attempt has told more than is kept of one; what it tells from there on is dropped.
    """

    stored: int
    next: int
    is_truncated: bool = False


@frozen
class Usage:
    """What an attempt has used since it began; `cost_micro_usd` is in millionths of a dollar."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    turns: int = 0
    cost_micro_usd: int = 0


@frozen
class EffectWish:
    """Something that the outside world shall see; `key` names it within its task and kind."""

    kind: str
    key: str
    payload: Mapping[str, JsonValue]


@frozen
class EffectKept:
    """The whole key of a stored effect, and whether it was stored now."""

    key: str
    is_new: bool


class WorkRecords(Protocol):
    """Keeps what attempts tell, as long as their lease is theirs; an attempt that is over is told so.

    Every method is one transaction and may be repeated: the same again changes nothing. Each raises
    `StorageUnavailableError` when the database does not answer.
    """

    async def log(
        self, lease: WorkLease, first: int, lines: Sequence[AgentLine], now: datetime, /
    ) -> Logged | Lost:
        """Add lines to the task's story; `first` is the number of the first one, counted from 1.

        An attempt that tells too much goes on: its lines are taken and dropped from the first one that does
        not fit, and one fact, `log.truncated`, tells so.

        Raises:
            UnfitRecordError: lines before the first one are missing.
        """
        ...

    async def usage(self, lease: WorkLease, usage: Usage, /) -> Usage | Lost:
        """Keep what was used so far; of each count the highest told one holds."""
        ...

    async def session(self, lease: WorkLease, session: str, now: datetime, /) -> str | Lost:
        """Keep the agent's session, which follow-ups of the conversation go on in."""
        ...

    async def effect(self, lease: WorkLease, wish: EffectWish, now: datetime, /) -> EffectKept | Lost:
        """Keep an effect, to be sent.

        Raises:
            UnfitRecordError: the payload is too large, another effect has the key, or there are too many.
        """
        ...
