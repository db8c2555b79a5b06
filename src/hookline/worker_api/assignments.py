"""Assignments as workers are told them."""

from hookline.core.claiming import Assignment
from hookline.domain.briefs import Words
from hookline.domain.task import Task
from hookline.domain.worker_messages import Assigned, Said, Work


def assigned(assignment: Assignment) -> Assigned:
    """An assignment as it is answered."""
    brief = assignment.brief
    return Assigned(
        task=_work(brief.task),
        session=brief.session,
        words=tuple(_words(said, brief.told_before) for said in brief.words),
        fence=assignment.fence,
        lease_ends_at=assignment.lease_ends_at,
        lease_token=assignment.lease_token,
        tool_token=assignment.tool_token,
    )


def _words(words: Words, told_before: int) -> Said:
    return Said(
        kind=words.kind,
        text=words.text,
        said_by=words.said_by,
        url=words.url,
        said_at=words.said_at,
        is_new=words.after_fence >= told_before,
    )


def _work(task: Task) -> Work:
    return Work(
        id=task.id,
        provider=task.provider,
        source=task.source,
        lane=task.lane,
        conversation=task.conversation,
        verb=task.verb.value,
        text=task.text,
        title=task.title,
        url=task.url,
        requested_by=task.requested_by,
        agent=task.agent,
        model=task.model,
        mode=task.mode.value,
        repository=task.repository,
        base_ref=task.base_ref,
        band=int(task.band),
        accepted_at=task.accepted_at,
    )
