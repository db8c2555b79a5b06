"""What must hold of follow-ups that became part of another task."""

from collections import defaultdict
from collections.abc import Iterator

from chaos import journal as said
from chaos.evidence import Evidence, FoldSeen, TaskSeen
from chaos.places import FOLDING_LANE


def folded_are_taken_in(evidence: Evidence) -> Iterator[str]:
    """Only where a rule says so, untried, by a task of its conversation whose later attempts are told."""
    tasks, folds = {task.id: task for task in evidence.tasks}, {fold.task: fold for fold in evidence.folds}
    tried = {attempt.task for attempt in evidence.attempts}
    folded = [task for task in evidence.tasks if task.folded_into]
    for task in folded:
        yield from _misplaced(task, tasks.get(task.folded_into), is_tried=task.id in tried)
        if task.id not in folds:
            yield f"{task.id} was folded into {task.folded_into}, which has no words of it"
    for fold in evidence.folds:
        into = tasks[fold.task].folded_into
        if into != fold.into:
            yield f"{fold.into} has words of {fold.task}, which is folded into {into or 'nothing'}"
    yield from _told_otherwise(evidence)
    if len(folded) < evidence.least_folded:
        yield f"{len(folded)} follow-ups were folded, at least {evidence.least_folded} are needed"


def _misplaced(task: TaskSeen, into: TaskSeen | None, *, is_tried: bool) -> Iterator[str]:
    if task.lane != FOLDING_LANE:
        yield f"{task.id} of lane {task.lane} was folded, and no rule says so"
    if into is None or into.conversation != task.conversation:
        yield f"{task.id} was folded into {task.folded_into}, which is not in {task.conversation}"
    if is_tried:
        yield f"{task.id} was folded although it had been tried"


def _told_otherwise(evidence: Evidence) -> Iterator[str]:
    taken_in: dict[str, list[FoldSeen]] = defaultdict(list)
    for fold in evidence.folds:
        taken_in[fold.into].append(fold)
    for entry in evidence.journal:
        if entry.event == said.CLAIMED:
            should = sorted(fold.text for fold in taken_in[entry.task] if fold.after_fence < entry.fence)
            if sorted(entry.told) != should:
                told, meant = ", ".join(entry.told) or "nothing", ", ".join(should) or "nothing"
                yield f"attempt {entry.fence} of {entry.task} was told {told}, and should be told {meant}"
