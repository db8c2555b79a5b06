"""What `scripts/chaos` finds: made-up runs, each with one thing broken, and one in which everything held."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from architecture.project import ROOT

sys.path.append(str(ROOT))

from chaos import journal as said
from chaos.client import Answer, ClientLedger, Sent, asking
from chaos.evidence import AttemptSeen, Evidence, FoldSeen, TaskSeen
from chaos.faults import Happened
from chaos.journal import Entry
from chaos.places import FOLDING_LANE, Comment
from chaos.verdict import CHECKS, judge

CONVERSATION = "github:octo/app#12"
LANE = "github:octo/app"
FOLD = FoldSeen("t7", "t6", "7, please", 0)


def sent(number: int) -> Sent:
    return asking(Comment(number, LANE, 12, "@agent fix it"))


def task(number: int, state: str = "succeeded", mark: str = "") -> TaskSeen:
    known = mark or f"m{number}" if state == "succeeded" else ""
    return TaskSeen(f"t{number}", state, LANE, CONVERSATION, f"{LANE}:comment/{number}", mark=known)


def folding(number: int, outcome: str = "") -> TaskSeen:
    """In a lane that folds: it succeeded, or ended by this outcome."""
    made = task(number, "cancelled" if outcome else "succeeded")
    origin = f"{FOLDING_LANE}:comment/{number}"
    place = {"lane": FOLDING_LANE, "conversation": f"{FOLDING_LANE}#1", "origin": origin}
    return replace(made, **place, outcome=outcome)


def folding_sent(number: int) -> Sent:
    return asking(Comment(number, FOLDING_LANE, 1, f"@agent fix {number}, please"))


def attempt(
    number: int, fence: int = 1, outcome: str = "succeeded", began: float = 0, ended: float | None = None
) -> AttemptSeen:
    start = 10 * number + began
    end = start + 2 if ended is None else 10 * number + ended
    return AttemptSeen(f"t{number}", fence, f"w{number}", start, end, outcome)


def entry(number: int, event: str, at: float, fence: int = 1, **more: str) -> Entry:
    life = more.pop("life", f"w{number}.1")
    known = {"conversation": CONVERSATION, "worker": f"w{number}", "life": life, **more}
    return Entry(at=10 * number + at, event=event, task=f"t{number}", fence=fence, **known)


def completed(number: int, fence: int = 1, mark: str = "") -> list[Entry]:
    known = {"how": "complete", "mark": mark or f"m{number}"}
    return [
        entry(number, said.CLAIMED, 0.1, fence),
        entry(number, said.ENDING, 1.8, fence, **known),
        entry(number, said.ENDED, 2.1, fence, state="succeeded", **known),
    ]


def told(entries: Sequence[Entry], *texts: str) -> list[Entry]:
    claimed, *others = (replace(each, conversation=f"{FOLDING_LANE}#1") for each in entries)
    return [replace(claimed, told=list(texts)), *others]


def good() -> Evidence:
    """Three comments of one conversation: two succeeded, the first of them at its second try; one failed.

    And two of another, of which the second was folded into the first.
    """
    answers = [Answer(number, 10 * number, 202, "accepted", f"t{number}") for number in (1, 2, 3, 6, 7)]
    return Evidence(
        ledger=ClientLedger(
            {**{n: sent(n) for n in (1, 2, 3)}, **{n: folding_sent(n) for n in (6, 7)}},
            {},
            [*answers, replace(answers[0], status=200, word="duplicate")],
        ),
        tasks=[task(1), task(2), task(3, "failed"), folding(6), folding(7, "folded into t6")],
        attempts=[
            attempt(1, 1, "lost", -3, -1),
            attempt(1, 2),
            attempt(2),
            attempt(3, outcome="failed"),
            attempt(6),
        ],
        journal=[
            entry(1, said.CLAIMED, -3, life="w9.1", worker="w1"),
            *completed(1, 2),
            *completed(2),
            entry(3, said.CLAIMED, 0.1),
            entry(3, said.ENDING, 1, how="fail", mark="m3"),
            entry(3, said.ENDED, 2.1, how="fail", mark="m3", state="failed"),
            *told(completed(6), FOLD.text),
        ],
        folds=[FOLD],
        least_folded=1,
        happened=[Happened("valkey wiped", 0, 1)],
        minimum={"valkey wiped": 1},
    )


def broken(evidence: Evidence) -> set[str]:
    return {name for name, found in judge(evidence).items() if found}


def with_answers(evidence: Evidence, *answers: Answer) -> Evidence:
    ledger = replace(evidence.ledger, answers=[*evidence.ledger.answers, *answers])
    return replace(evidence, ledger=ledger)


def with_tasks(evidence: Evidence, **changed: TaskSeen) -> Evidence:
    tasks = {each.id: each for each in evidence.tasks} | changed
    return replace(evidence, tasks=list(tasks.values()))


def with_attempts(
    evidence: Evidence, *added: AttemptSeen, without: tuple[str, int] | None = None
) -> Evidence:
    kept = [each for each in evidence.attempts if (each.task, each.fence) != without]
    return replace(evidence, attempts=[*kept, *added])


def with_entries(evidence: Evidence, *added: Entry) -> Evidence:
    return replace(evidence, journal=[*evidence.journal, *added])


FAULTS: dict[str, tuple[Callable[[Evidence], Evidence], set[str]]] = {
    "an accepted comment has no task": (
        lambda run: replace(run, tasks=[each for each in run.tasks if each.id != "t2"]),
        {"accepted are there", "one success each", "journals and rows agree"},
    ),
    "an accepted comment is left undone": (
        lambda run: with_tasks(run, t3=task(3, "queued")),
        {"accepted are there", "all are finished"},
    ),
    "an accepted comment was given the task of another": (
        lambda run: with_tasks(run, t3=replace(task(3, "failed"), origin=f"{LANE}:comment/4")),
        {"accepted are there"},
    ),
    "a task that nobody saw accepted is left undone": (
        lambda run: with_tasks(run, t4=task(4, "scheduled")),
        {"all are finished"},
    ),
    "a comment made two tasks": (
        lambda run: with_tasks(
            run, t4=replace(task(4, "cancelled"), origin=task(2).origin, conversation="c")
        ),
        {"one task each", "ends have reasons"},
    ),
    "a comment was answered with two tasks": (
        lambda run: with_answers(run, Answer(2, 30, 200, "duplicate", "t1")),
        {"one task each"},
    ),
    "a comment was accepted twice": (
        lambda run: with_answers(run, Answer(2, 30, 202, "accepted", "t2")),
        {"once accepted"},
    ),
    "two attempts of a task succeeded": (
        lambda run: with_attempts(run, attempt(2, 2, began=3, ended=4)),
        {"one success each"},
    ),
    "a task succeeded and none of its attempts": (
        lambda run: with_attempts(run, attempt(2, outcome="lost"), without=("t2", 1)),
        {"one success each", "journals and rows agree"},
    ),
    "a task went on after it had succeeded": (
        lambda run: with_attempts(run, attempt(2, 2, "failed", began=3, ended=4)),
        {"one success each"},
    ),
    "a task that failed had succeeded": (
        lambda run: with_attempts(run, attempt(3, 2, began=3, ended=4)),
        {"one success each"},
    ),
    "an attempt is not over": (
        lambda run: with_attempts(run, replace(attempt(3, outcome="failed"), ended=None), without=("t3", 1)),
        {"attempts are over"},
    ),
    "two attempts of a task ran at once": (
        lambda run: with_attempts(run, attempt(1, 1, "lost", -3, 1), without=("t1", 1)),
        {"attempts are over"},
    ),
    "two workers were given one attempt": (
        lambda run: with_entries(run, entry(2, said.CLAIMED, 0.2, life="w5.1")),
        {"fences are accepted once"},
    ),
    "one attempt was ended twice": (
        lambda run: with_entries(run, entry(2, said.ENDED, 3, how="release", mark="other", state="queued")),
        {"fences are accepted once"},
    ),
    "two workers saw their completion of one task accepted": (
        lambda run: with_entries(run, entry(1, said.ENDED, -1, how="complete", mark="m0", life="w9.1")),
        {"fences are accepted once", "journals and rows agree"},
    ),
    "what is stored is not what was accepted": (
        lambda run: with_tasks(run, t2=task(2, mark="m9")),
        {"journals and rows agree"},
    ),
    "a worker was given an attempt that has no row": (
        lambda run: with_entries(run, entry(3, said.CLAIMED, 3, fence=7)),
        {"journals and rows agree"},
    ),
    "a task failed without a word of a worker": (
        lambda run: replace(run, journal=[each for each in run.journal if each.how != "fail"]),
        {"ends have reasons"},
    ),
    "a task died too early": (
        lambda run: with_tasks(run, t3=replace(task(3, "dead"), lost=3)),
        {"ends have reasons"},
    ),
    "a task was cancelled and nobody had asked": (
        lambda run: with_tasks(run, t3=task(3, "cancelled")),
        {"ends have reasons"},
    ),
    "two of a conversation overlap by their rows": (
        lambda run: with_attempts(run, attempt(2, began=-9, ended=2), without=("t2", 1)),
        {"successes do not overlap"},
    ),
    "two of a conversation overlap by the journals": (
        lambda run: replace(run, journal=[entry(2, said.CLAIMED, -9), *run.journal]),
        {"successes do not overlap"},
    ),
    "an attempt was not told of a follow-up that it absorbed": (
        lambda run: replace(run, journal=[replace(each, told=()) for each in run.journal]),
        {"folded are taken in"},
    ),
    "an attempt was told of what it did not absorb": (
        lambda run: with_entries(run, entry(1, said.CLAIMED, 0.2, 2, told=[FOLD.text])),
        {"folded are taken in"},
    ),
    "an attempt was told of what came after it": (
        lambda run: replace(run, folds=[replace(FOLD, after_fence=1)]),
        {"folded are taken in"},
    ),
    "the words of a follow-up are nowhere": (
        lambda run: replace(run, folds=[], journal=[replace(each, told=()) for each in run.journal]),
        {"folded are taken in"},
    ),
    "the words of a follow-up are with another task": (
        lambda run: with_tasks(run, t7=folding(7, "folded into t8"), t8=replace(folding(8), state="failed")),
        {"folded are taken in", "ends have reasons"},
    ),
    "a follow-up was folded into another conversation": (
        lambda run: with_tasks(run, t7=replace(folding(7, "folded into t6"), conversation=CONVERSATION)),
        {"folded are taken in"},
    ),
    "a follow-up was folded into nothing": (
        lambda run: with_tasks(run, t7=folding(7, "folded into t9")),
        {"folded are taken in"},
    ),
    "a follow-up was folded where no rule says so": (
        lambda run: with_tasks(run, t7=replace(folding(7, "folded into t6"), lane=LANE)),
        {"folded are taken in"},
    ),
    "a follow-up was folded after it had been tried": (
        lambda run: with_attempts(run, attempt(7, outcome="released")),
        {"folded are taken in"},
    ),
    "too few were folded": (
        lambda run: replace(run, least_folded=2),
        {"folded are taken in"},
    ),
    "redis remembers": (
        lambda run: replace(run, leftovers={"hookline:{q0}:behind": ["t1"]}),
        {"nothing is left in redis"},
    ),
    "a fault did not happen": (
        lambda run: replace(run, happened=[]),
        {"faults happened"},
    ),
    "a worker ended by itself": (
        lambda run: replace(run, ended_by_themselves=["w1"]),
        {"nobody broke down"},
    ),
    "a worker was refused": (
        lambda run: with_entries(run, entry(2, said.REFUSED, 3, state="refused with 422: no")),
        {"nobody broke down"},
    ),
    "the queue failed the exam": (
        lambda run: replace(run, exam=["caps hold: 3 of a lane with the cap 2 run"]),
        {"the exam is passed"},
    ),
}


def test_a_run_in_which_everything_held_is_passed() -> None:
    assert broken(good()) == set()


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_broken_is_found(fault: str) -> None:
    breaks, wanted = FAULTS[fault]
    assert broken(breaks(good())) == wanted


def test_every_check_is_seen_to_fail() -> None:
    assert set().union(*(wanted for _, wanted in FAULTS.values())) == set(CHECKS)
