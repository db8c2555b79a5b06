"""Faults of transitions that the rules must notice, each one change of a function."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import getsource
from textwrap import dedent
from types import FunctionType, ModuleType

from hookline.core.lifecycle import TaskLife
from hookline.storage import lifecycle, starting


@dataclass(frozen=True)
class Mutant:
    """What is wrong, in which function of a class or module, and the change that makes it so.

    The module is the one that calls the function: another's name for it would go unheard.
    """

    fault: str
    place: type | ModuleType
    name: str
    right: str
    wrong: str

    def made(self) -> Callable[..., object]:
        """The function as it should not be."""
        function = getattr(self.place, self.name)
        assert isinstance(function, FunctionType)
        source = dedent(getsource(function))
        assert source.count(self.right) == 1, self.right
        found: dict[str, Callable[..., object]] = {}
        exec(source.replace(self.right, self.wrong), function.__globals__, found)
        return found[function.__name__]


MUTANTS = (
    Mutant("no fence is checked", TaskLife, "is_held_by", " and self.fence == fence", ""),
    Mutant("a fence does not grow", TaskLife, "begin", "Fence(self.fence + 1)", "Fence(self.fence or 1)"),
    Mutant("a lease is lost and nobody counts", TaskLife, "lose", "self.lost_count += is_confirmed", "pass"),
    Mutant(
        "a claim whose answer was lost counts as a lost lease",
        TaskLife,
        "lose",
        "self.lost_count += is_confirmed",
        "self.lost_count += 1",
    ),
    Mutant(
        "a lease is lost once more than it may be",
        TaskLife,
        "lose",
        "> limits.most_losses",
        "> 1 + limits.most_losses",
    ),
    Mutant("a lost lease overrules a cancel", TaskLife, "lose", "if self.is_to_be_cancelled:", "if False:"),
    Mutant("what was redriven keeps its failures", TaskLife, "redrive", "self.tries = 0", "lost_count = 0"),
    Mutant("what leaves its worker keeps its lease", TaskLife, "_go_on", "self.lease_ends_at = ", ""),
    Mutant(
        "what leaves its worker leaves its attempt open", TaskLife, "close", "attempt is not None", "False"
    ),
    Mutant(
        "a lease is extended for a foreign fence",
        lifecycle,
        "_beat",
        "task.is_held_by(beat.fence)",
        "task.is_running",
    ),
    Mutant(
        "a repeated finish applies twice",
        lifecycle,
        "_finish",
        "if not task.is_held_by(finish.fence)",
        "if task.is_running and task.fence != finish.fence",
    ),
    Mutant(
        "another finish gets the answer of the first",
        lifecycle,
        "_answer_again",
        " or attempt.digest != finish.digest",
        "",
    ),
    Mutant(
        "a finish overrules a cancel",
        lifecycle,
        "end_attempt",
        "case Release() | Postpone() | Wait() if task.is_to_be_cancelled",
        "case Release() | Postpone() | Wait() if False",
    ),
    Mutant(
        "two of a conversation run at once",
        starting._StartDesk,
        "_one_that_runs",
        "task.conversation == conversation",
        "False",
    ),
    Mutant(
        "a task starts before it is due",
        starting._StartDesk,
        "_claim",
        "if task.due_at is not None",
        "if False",
    ),
    Mutant(
        "a task that is over starts again",
        starting._StartDesk,
        "answer",
        "not task.is_claimable",
        "task.is_running",
    ),
    Mutant("a cancel ends what runs", lifecycle, "cancel_all", "if task.is_running", "if False"),
    Mutant("what is over is cancelled", lifecycle, "cancel_all", " if not task.is_finished", ""),
    Mutant(
        "what waited too long waits on", lifecycle, "reap_due", "task.state is TaskState.WAITING", "False"
    ),
    Mutant(
        "a lease that ran out holds for ever",
        lifecycle,
        "reap_due",
        "if task.has_run_out(now)",
        "if False",
    ),
    Mutant(
        "what succeeded is redriven",
        lifecycle,
        "redrive_all",
        "task.state in REDRIVABLE_STATES",
        "task.is_finished",
    ),
    Mutant("what is paused is absorbed", TaskLife, "may_absorb", " and other.paused_at is None", ""),
    Mutant("what began is absorbed", TaskLife, "may_absorb", " and other.fence == 0", ""),
    Mutant("what is older is absorbed", TaskLife, "may_absorb", "other.id > self.id", "other.id != self.id"),
    Mutant(
        "what would run otherwise is absorbed",
        TaskLife,
        "may_absorb",
        "self.fold_key == other.fold_key",
        "other.fold_key is not None",
    ),
    Mutant("what is absorbed does not end", TaskLife, "absorb", "other.fold(self.id, now)", "pass"),
    Mutant(
        "what waits elsewhere is absorbed",
        starting._StartDesk,
        "_absorb",
        " if other.conversation == task.conversation",
        "",
    ),
    Mutant(
        "more is absorbed than may be", starting._StartDesk, "_absorb", "[: self._limits.most_folded]", ""
    ),
    Mutant(
        "the words of what is absorbed are lost",
        starting._StartDesk,
        "_absorb",
        "self.folds.append(Fold(other.id, task.id, task.fence))",
        "pass",
    ),
)
