"""Parts of the exam about who comes first: bands, age, turns of lanes, priority that is lent."""

import itertools

from chaos.examiner import Examiner
from chaos.town import Town
from hookline.queue.layout import partition_of

LANE = "github:octo/exam"


def other_lane(town: Town) -> str:
    """Another lane of the same partition, since what comes first is promised within one."""
    count = town.size.partitions
    names = (f"jira:EXAM{number or ''}" for number in itertools.count())
    return next(name for name in names if partition_of(name, count) == partition_of(LANE, count))


async def better_bands_come_first(_: Town, exam: Examiner) -> None:
    """Bands before age, and age within a band; still so when one of the worse band was given out."""
    first, second, urgent = [
        await exam.post(LANE, issue, priority) for issue, priority in ((1, "low"), (2, "low"), (3, "high"))
    ]
    _ = await exam.expect(urgent, first)
    _ = await exam.expect(await exam.post(LANE, 4, "high"), second)


async def a_claim_of_many_gives_each_lane_its_turn(town: Town, exam: Examiner) -> None:
    """As many claims of one would; the first lane has twice the weight of the other."""
    heavy = [await exam.post(LANE, issue, "normal") for issue in (1, 2, 3)]
    light = [await exam.post(other_lane(town), issue, "normal") for issue in (1, 2, 3)]
    await exam.expect_at_once(heavy[0], light[0], heavy[1], heavy[2], *light[1:])


async def priority_is_lent(town: Town, exam: Examiner) -> None:
    """Who is first in a conversation has the best band of those behind, also after it was given back."""
    first = await exam.post(LANE, 1, "low")
    running = await exam.expect_to_run(first)
    urgent = await exam.post(LANE, 1, "high")
    other = await exam.post(other_lane(town), 2, "normal")
    _ = await exam.release(running)
    _ = await exam.expect(first, urgent, other)


async def priority_is_taken_back(town: Town, exam: Examiner) -> None:
    """With the one behind that lent it."""
    first, urgent = await exam.post(LANE, 1, "low"), await exam.post(LANE, 1, "high")
    other = await exam.post(other_lane(town), 2, "normal")
    await exam.withdraw(urgent)
    await exam.until_forgotten(urgent)
    _ = await exam.expect(other, first)


async def an_edit_moves_its_task(_: Town, exam: Examiner) -> None:
    """To another band, and within its conversation to no other place."""
    first, behind = await exam.post(LANE, 1, "low"), await exam.post(LANE, 1, "low")
    other = await exam.post(LANE, 2, "normal")
    await exam.edit(first, "high")
    _ = await exam.expect(first, other, behind)


async def an_heir_inherits_priority(town: Town, exam: Examiner) -> None:
    """Who comes next in a conversation has the best band of those still behind."""
    running = await exam.expect_to_run(await exam.post(LANE, 1, "normal"))
    heir, urgent = await exam.post(LANE, 1, "low"), await exam.post(LANE, 1, "high")
    other = await exam.post(other_lane(town), 2, "normal")
    await exam.complete(running)
    _ = await exam.expect(heir, urgent, other)
