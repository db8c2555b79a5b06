"""Submissions that share a key are twins; the first of them leads."""

from collections.abc import Sequence
from dataclasses import dataclass

from hookline.domain.intake import Submission
from hookline.domain.outcome import TaskRequested


@dataclass(slots=True)
class TwinGroup:
    """Submissions of one batch that speak of one subject.

    `firsts` are keys that edits claim for the texts as they were first written; sharing one makes no twins.
    """

    members: list[int]
    keys: set[str]
    firsts: set[str]

    @property
    def claimed(self) -> set[str]:
        """All keys that the group claims."""
        return self.keys | self.firsts

    @property
    def leader(self) -> int:
        """The index of the submission that makes the task, if the group makes one."""
        return self.members[0]


def keys_of(asked: TaskRequested) -> tuple[str, ...]:
    """All keys that a new task claims."""
    return asked.keys if asked.open_key is None else (*asked.keys, asked.open_key)


def group_twins(batch: Sequence[Submission], indexes: Sequence[int]) -> list[TwinGroup]:
    """Group the given submissions of a batch; groups and members keep the order of arrival."""
    owner: dict[str, TwinGroup] = {}
    groups: dict[int, TwinGroup] = {}
    for index in indexes:
        outcome = batch[index].outcome
        is_task = isinstance(outcome, TaskRequested)
        keys = keys_of(outcome) if is_task else outcome.keys
        firsts = {outcome.revises} if is_task and outcome.revises else set[str]()
        met = {id(group): group for key in keys if (group := owner.get(key)) is not None}
        group = TwinGroup([index], set(keys), firsts)
        for other in met.values():
            group.members += other.members
            group.keys |= other.keys
            group.firsts |= other.firsts
            del groups[id(other)]
        group.members.sort()
        groups[id(group)] = group
        owner.update(dict.fromkeys(group.keys, group))
    return sorted(groups.values(), key=lambda group: group.leader)
