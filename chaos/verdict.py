"""The checks: from everything that was seen to the sentences that say what was broken; none is a pass."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from chaos import journal as said
from chaos.client import ACCEPTED
from chaos.evidence import AttemptSeen, Evidence, TaskSeen
from chaos.folding import folded_are_taken_in
from chaos.journal import Entry

FINISHED = frozenset({"succeeded", "failed", "cancelled", "dead"})
MOST_LOSSES = 3
Check = Callable[[Evidence], Iterator[str]]


def judge(evidence: Evidence) -> dict[str, list[str]]:
    """What each check found."""
    return {name: list(check(evidence)) for name, check in CHECKS.items()}


def accepted_are_there(evidence: Evidence) -> Iterator[str]:
    """Every comment that was answered 202 has its task, and it is finished."""
    tasks = {task.id: task for task in evidence.tasks}
    for number, task_id in evidence.ledger.accepted.items():
        task = tasks.get(task_id)
        if task is None:
            yield f"comment {number} was accepted as {task_id}, which is nowhere"
        elif task.state not in FINISHED:
            yield f"comment {number} was accepted, and {task_id} is {task.state}"
        elif task.origin != evidence.ledger.asked[number].comment.origin:
            yield f"comment {number} was accepted as {task_id}, which is of {task.origin}"


def one_task_each(evidence: Evidence) -> Iterator[str]:
    """No comment has two tasks, and all answers to one comment name the same."""
    for origin, count in Counter(task.origin for task in evidence.tasks).items():
        if count > 1:
            yield f"{origin} has {count} tasks"
    named: dict[int, set[str]] = defaultdict(set)
    for answer in evidence.ledger.answers:
        if answer.task:
            named[answer.number].add(answer.task)
    for number, names in named.items():
        if len(names) > 1:
            yield f"comment {number} was answered with {len(names)} tasks: {', '.join(sorted(names))}"


def once_accepted(evidence: Evidence) -> Iterator[str]:
    """An answer 202 comes once for a comment; what comes after it is a duplicate."""
    seen = Counter(answer.number for answer in evidence.ledger.answers if answer.status == ACCEPTED)
    for number, count in seen.items():
        if count > 1:
            yield f"comment {number} was answered 202 {count} times"


def all_are_finished(evidence: Evidence) -> Iterator[str]:
    """Nothing is left undone, whoever saw it accepted."""
    for task in evidence.tasks:
        if task.state not in FINISHED:
            yield f"{task.id} of lane {task.lane} is {task.state}"


def one_success_each(evidence: Evidence) -> Iterator[str]:
    """A task that succeeded has one attempt that succeeded, its last; others have none."""
    states = {task.id: task.state for task in evidence.tasks}
    for task, attempts in _by_task(evidence).items():
        good = [attempt for attempt in attempts if attempt.outcome == "succeeded"]
        wanted = 1 if states.get(task) == "succeeded" else 0
        if len(good) != wanted:
            yield f"{task} is {states.get(task)}, and {len(good)} of its attempts succeeded"
        elif good and good[0].fence != max(attempt.fence for attempt in attempts):
            yield f"{task} went on after attempt {good[0].fence} had succeeded"
    for task in evidence.tasks:
        if task.state == "succeeded" and task.id not in _by_task(evidence):
            yield f"{task.id} succeeded without an attempt"


def attempts_are_over(evidence: Evidence) -> Iterator[str]:
    """No attempt is left open, and no two of one task ran at once."""
    for task, attempts in _by_task(evidence).items():
        yield from (f"attempt {a.fence} of {task} is not over" for a in attempts if a.ended is None)
        yield from (
            f"attempts {one.fence} and {two.fence} of {task} ran at once"
            for one, two in pairwise(attempts)
            if one.ended is None or two.began < one.ended
        )


def fences_are_accepted_once(evidence: Evidence) -> Iterator[str]:
    """By the journals: an attempt was one worker's and had one ending, a task was completed once."""
    ended = _distinct(evidence.journal, said.ENDED)
    for (task, fence), marks in ended.items():
        if len(marks) > 1:
            yield f"attempt {fence} of {task} was ended {len(marks)} times: {', '.join(sorted(marks))}"
    for (task, fence), lives in _lives(evidence.journal).items():
        if len(lives) > 1:
            yield f"attempt {fence} of {task} was given to {', '.join(sorted(lives))}"
    completions = {
        (e.task, e.mark) for e in evidence.journal if e.event == said.ENDED and e.how == "complete"
    }
    for task, count in Counter(task for task, _ in completions).items():
        if count > 1:
            yield f"{task} was completed {count} times"


def _distinct(journal: Iterable[Entry], event: str) -> dict[tuple[str, int], set[str]]:
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    for entry in journal:
        if entry.event == event:
            found[entry.task, entry.fence].add(entry.mark)
    return found


def _lives(journal: Iterable[Entry]) -> dict[tuple[str, int], set[str]]:
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    for entry in journal:
        if entry.event == said.CLAIMED:
            found[entry.task, entry.fence].add(entry.life)
    return found


def journals_and_rows_agree(evidence: Evidence) -> Iterator[str]:
    """What a worker saw accepted is what is stored, and what is stored some worker sent."""
    attempts = {(attempt.task, attempt.fence): attempt for attempt in evidence.attempts}
    tasks = {task.id: task for task in evidence.tasks}
    for entry in evidence.journal:
        if entry.event == said.CLAIMED and (entry.task, entry.fence) not in attempts:
            yield f"{entry.life} was given attempt {entry.fence} of {entry.task}, which has no row"
        if entry.event == said.ENDED and entry.how == "complete":
            yield from _is_stored(entry, attempts, tasks)
    sent = {(e.task, e.mark) for e in evidence.journal if e.event == said.ENDING and e.how == "complete"}
    for task in evidence.tasks:
        if task.state == "succeeded" and (task.id, task.mark) not in sent:
            yield f"{task.id} succeeded with {task.mark or 'no mark'}, which no worker sent"


def _is_stored(
    entry: Entry, attempts: dict[tuple[str, int], AttemptSeen], tasks: dict[str, TaskSeen]
) -> Iterator[str]:
    attempt, task = attempts.get((entry.task, entry.fence)), tasks.get(entry.task)
    if task is None or (task.state, task.mark) != ("succeeded", entry.mark):
        held = "nothing" if task is None else f"{task.state} {task.mark}"
        yield f"{entry.life} saw {entry.mark} of {entry.task} accepted, and stored is {held}"
    if attempt is None or (attempt.outcome, attempt.worker) != ("succeeded", entry.worker):
        yield f"{entry.life} saw attempt {entry.fence} of {entry.task} accepted, and its row says otherwise"


def ends_have_reasons(evidence: Evidence) -> Iterator[str]:
    """A task failed only by a worker, died only of losses, and was cancelled only where somebody asked.

    Others were folded.
    """
    sent = {(e.task, e.how) for e in evidence.journal if e.event == said.ENDING}
    for task in evidence.tasks:
        if task.state == "failed" and not {(task.id, "fail"), (task.id, "retry")} & sent:
            yield f"{task.id} failed, and no worker said so"
        if task.state == "dead" and task.lost <= MOST_LOSSES:
            yield f"{task.id} is dead after {task.lost} losses"
        is_stopped = task.conversation in evidence.ledger.stopped
        if task.state == "cancelled" and not (is_stopped or task.folded_into):
            yield f"{task.id} is cancelled, and nobody asked for it in {task.conversation}"


def successes_do_not_overlap(evidence: Evidence) -> Iterator[str]:
    """Within a conversation no two attempts that succeeded ran at once, by the rows and by the journals."""
    conversations = {task.id: task.conversation for task in evidence.tasks}
    rows = [
        (conversations.get(a.task, ""), a.began, a.ended or a.began, f"{a.task} {a.fence}")
        for a in evidence.attempts
        if a.outcome == "succeeded"
    ]
    for source, spans in (("rows", rows), ("journals", _worked(evidence.journal))):
        for conversation, one, two in _overlaps(spans):
            yield f"by the {source}, {one} and {two} of {conversation} overlap"


def _worked(journal: Iterable[Entry]) -> list[tuple[str, float, float, str]]:
    """Of accepted completions: from when a worker heard of the task until it said that it was done."""
    began: dict[tuple[str, int, str], float] = {}
    done: dict[tuple[str, int, str], float] = {}
    spans: list[tuple[str, float, float, str]] = []
    for entry in journal:
        key = (entry.task, entry.fence, entry.life)
        if entry.event == said.CLAIMED:
            _ = began.setdefault(key, entry.at)
        elif entry.event == said.ENDING:
            _ = done.setdefault(key, entry.at)
        elif entry.event == said.ENDED and entry.how == "complete":
            span = (began.get(key, entry.at), done.get(key, entry.at))
            spans.append((entry.conversation, *span, f"{entry.task} {entry.fence}"))
    return spans


def _overlaps(spans: Sequence[tuple[str, float, float, str]]) -> Iterator[tuple[str, str, str]]:
    for (one, _, until, first), (two, since, _, second) in pairwise(sorted(spans)):
        if one == two and since < until:
            yield one, first, second


def nothing_is_left_in_redis(evidence: Evidence) -> Iterator[str]:
    """Nothing that Redis holds speaks of a task, since all are over."""
    for name, held in evidence.leftovers.items():
        shown = ", ".join(held[:3])
        yield f"{name} holds {len(held)}: {shown}"


def faults_happened(evidence: Evidence) -> Iterator[str]:
    """Every kind of fault happened as often as it must."""
    counts = Counter(happened.kind for happened in evidence.happened)
    for kind, least in evidence.minimum.items():
        if counts[kind] < least:
            yield f"{kind}: {counts[kind]} times, at least {least} are needed"


def nobody_broke_down(evidence: Evidence) -> Iterator[str]:
    """No process ended that nobody killed, and no worker was refused."""
    yield from (f"{name} ended by itself" for name in evidence.ended_by_themselves)
    for entry in evidence.journal:
        if entry.event in {said.FAULTY, said.REFUSED}:
            yield f"{entry.life}: {entry.event}: {entry.state}"


def the_exam_is_passed(evidence: Evidence) -> Iterator[str]:
    """The queue still did in the calm what it should."""
    yield from evidence.exam


def _by_task(evidence: Evidence) -> dict[str, list[AttemptSeen]]:
    found: dict[str, list[AttemptSeen]] = defaultdict(list)
    for attempt in sorted(evidence.attempts, key=lambda attempt: attempt.fence):
        found[attempt.task].append(attempt)
    return found


CHECKS: dict[str, Check] = {
    check.__name__.replace("_", " "): check
    for check in (
        faults_happened,
        accepted_are_there,
        one_task_each,
        once_accepted,
        all_are_finished,
        one_success_each,
        attempts_are_over,
        fences_are_accepted_once,
        journals_and_rows_agree,
        ends_have_reasons,
        successes_do_not_overlap,
        folded_are_taken_in,
        nothing_is_left_in_redis,
        nobody_broke_down,
        the_exam_is_passed,
    )
}
