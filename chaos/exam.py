"""The calm after the storm: the same queue must still give out in the right order, and survive a wipe.

The ledger cannot see what the database puts right by itself; here each part looks at one promise of the
queue alone, with nobody else about. The first part that fails ends the exam, since it would disturb the rest.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import httpx

from chaos.client import RefusedError
from chaos.evidence import leftovers
from chaos.exam_of_order import (
    LANE,
    a_claim_of_many_gives_each_lane_its_turn,
    an_edit_moves_its_task,
    an_heir_inherits_priority,
    better_bands_come_first,
    other_lane,
    priority_is_lent,
    priority_is_taken_back,
)
from chaos.examiner import Examiner, SurprisedError, examiner
from chaos.town import CAP, CAPPED_LANE, Town
from chaos.worker import CLAIM_WAIT
from gateways import eventually
from hookline.domain.errors import HooklineError
from hookline.domain.ids import TaskId
from hookline.domain.queue import ClaimCall, ClaimId, Holding
from hookline.domain.worker_messages import Assigned
from hookline.storage.database import Database

Part = Callable[[Town, Examiner], Awaitable[None]]
AGED = timedelta(minutes=31)
FORGET_SECONDS = 5.0
GRACE_SECONDS = 5.0
PART_SECONDS = 180.0
LONG = 300.0
WIPES = 4


async def a_claim_asked_again_gets_the_same(_: Town, exam: Examiner) -> None:
    """As a worker does whose answer was lost."""
    task = await exam.post(LANE, 1, "normal")
    got = [await exam.claim_unheard("again"), await exam.claim_unheard("again", wait=0)]
    if [[each.task.id for each in tasks] for tasks in got] != [[task], [task]]:
        raise SurprisedError(f"{task} was not given again to the same claim")
    await exam.complete(*got[1])


async def caps_hold(_: Town, exam: Examiner) -> None:
    """No more of a lane run than its cap, and no fewer once one is over."""
    posted = [await exam.post(CAPPED_LANE, issue, "normal") for issue in range(1, CAP + 3)]
    running = list(await exam.claim(most=10))
    for rest in range(len(posted) - CAP, -1, -1):
        if len(running) != min(CAP, rest + CAP):
            raise SurprisedError(f"{len(running)} of a lane with the cap {CAP} run, and {rest} wait")
        await exam.complete(running.pop(0))
        running += await exam.claim(most=10, wait=1 if rest else 0)
    await exam.complete(*running)


async def an_old_end_changes_nothing(_: Town, exam: Examiner) -> None:
    """A finish repeated late is answered as before, and takes the task from nobody."""
    task = await exam.post(LANE, 1, "normal")
    old = await exam.expect_to_run(task)
    _ = await exam.release(old)
    new = await exam.expect_to_run(task)
    if (state := await exam.release(old)) != "queued":
        raise SurprisedError(f"the same release was answered {state}")
    await exam.compare(task)
    await exam.complete(new)


async def what_waits_and_runs_is_counted(_: Town, exam: Examiner) -> None:
    """Also where a priority is lent, one is given back for later, and an end is written by the short way."""
    first, urgent = await exam.post(LANE, 1, "low"), await exam.post(LANE, 1, "high")
    alone, later = await exam.post(LANE, 2, "normal"), await exam.post(LANE, 3, "high")
    running = await exam.expect_to_run(first)
    await exam.count()
    await exam.complete(running)
    await exam.defer(await exam.expect_to_run(urgent), LONG)
    await exam.count()
    _ = await exam.expect(later)
    await exam.count()
    _ = await exam.expect(alone)
    await exam.cancel(urgent)
    await exam.until_state(urgent, "cancelled")


async def what_is_withdrawn_is_forgotten(_: Town, exam: Examiner) -> None:
    """One that waits, and one that waits behind another."""
    first, behind = await exam.post(LANE, 1, "low"), await exam.post(LANE, 1, "low")
    alone = await exam.post(LANE, 2, "high")
    for task in (behind, alone):
        await exam.withdraw(task)
        await exam.until_state(task, "cancelled")
    _ = await exam.expect(first)
    if got := await exam.claim(wait=0.5):
        raise SurprisedError(f"{got[0].task.id} was given out after it was withdrawn")


async def a_wipe_changes_nothing(town: Town, exam: Examiner) -> None:
    """All is as it was: who runs, who follows, who is due later, who is how old; then age wins over bands."""
    woken = await exam.post(LANE, 1, "low")
    await exam.wait(await exam.expect_to_run(woken), 1)
    running = await exam.expect_to_run(await exam.post(LANE, 1, "high"))
    await exam.until_state(woken, "queued")
    later, old = await exam.post(LANE, 2, "high"), await exam.post(other_lane(town), 3, "low")
    await exam.defer(await exam.expect_to_run(later), LONG)
    soon = await exam.post(LANE, 3, "high")
    for task in (soon, old):
        await exam.make_older(task, AGED)
    await asyncio.sleep(GRACE_SECONDS)
    await _wipe(town, exam, running, (woken, running.task.id, later, old, soon))
    urgent, young = await exam.post(LANE, 4, "high"), await exam.post(other_lane(town), 4, "low")
    await exam.expect_at_once(soon, old, urgent, young)
    await exam.complete(running)
    _ = await exam.expect(woken)
    await exam.cancel(later)
    await exam.until_state(later, "cancelled")


async def _wipe(town: Town, exam: Examiner, running: Assigned, tasks: Sequence[str]) -> None:
    """Wipe and compare; again where the relay took longer than the lease, which a busy machine may need."""
    for _ in range(WIPES):
        await exam.beat(running)
        exam.is_silent = True
        began = time.monotonic()
        town.wipe_valkey()
        await exam.until_held(*tasks)
        if time.monotonic() - began < town.lease:
            await exam.compare(*tasks)
            exam.is_silent = False
            return
    raise SurprisedError(f"the relay needed longer than {town.lease:g} s, {WIPES} times")


async def a_silent_worker_loses_its_task(town: Town, exam: Examiner) -> None:
    """Which is given out again when the lease has run out."""
    task = await exam.post(LANE, 1, "normal")
    lost = await exam.expect_to_run(task)
    _ = exam.drop(lost)
    again = await exam.claim(wait=3 * town.lease)
    if [(each.task.id, each.fence) for each in again] != [(task, lost.fence + 1)]:
        raise SurprisedError(f"{task} was not given out again")
    await exam.complete(*again)


async def what_is_paused_goes_on_when_resumed(town: Town, exam: Examiner) -> None:
    """A lane, and then everything: what came meanwhile is given out, and nothing of it before.

    The queue itself is asked too, since the database defers what should not run.
    """
    call = ClaimCall(ClaimId("paused"), 1, timedelta(seconds=town.lease))
    for scope in (("--lane", LANE), ()):
        await _operate(town, "queue", "pause", *scope)
        task = await exam.post(LANE, 1, "normal")
        if (await exam.queue.claim(call)).holdings or await exam.claim(wait=0.5):
            raise SurprisedError(f"{task} was given out although it is paused")
        await _operate(town, "queue", "resume", *scope)
        _ = await exam.expect(task)


async def _operate(town: Town, *words: str) -> None:
    """What an operator does, with the same seeded fault as the gateway's, where there is one."""
    done = await asyncio.to_thread(town.gateways[0].command, *words)
    if done.returncode:
        raise SurprisedError(f"hookline {' '.join(words)} ended with {done.returncode}: {done.stderr}")


async def only_the_holder_extends(_: Town, exam: Examiner) -> None:
    """Asked of the queue itself, since the gateway asks the database first."""
    task = await exam.post(LANE, 1, "normal")
    running = await exam.expect_to_run(task)
    stranger = Holding(TaskId(task), LANE, ClaimId("stranger"))
    if list(await exam.queue.extend([stranger], timedelta(minutes=1))) != [task]:
        raise SurprisedError(f"the lease of {task} was extended by a stranger")
    await exam.complete(running)


async def what_is_due_sooner_stays_so(_: Town, exam: Examiner) -> None:
    """An old push that comes late delays nothing; asked of the queue itself."""
    task = await exam.post(LANE, 1, "normal")
    await exam.defer(await exam.expect_to_run(task), LONG)
    queued = await exam.as_queued(task)
    _ = await exam.queue.enqueue([replace(queued, due_at=queued.due_at + AGED)])
    await exam.compare(task)
    await exam.cancel(task)
    await exam.until_state(task, "cancelled")


async def nothing_is_left(town: Town, _: Examiner) -> None:
    """Of all this Redis holds nothing."""

    async def is_forgotten() -> bool:
        with town.redis() as redis:
            return not leftovers(redis)

    try:
        await eventually(is_forgotten, FORGET_SECONDS)
    except TimeoutError:
        with town.redis() as redis:
            raise SurprisedError(str(leftovers(redis))) from None


PARTS: tuple[Part, ...] = (
    better_bands_come_first,
    a_claim_of_many_gives_each_lane_its_turn,
    a_claim_asked_again_gets_the_same,
    priority_is_lent,
    priority_is_taken_back,
    an_edit_moves_its_task,
    an_heir_inherits_priority,
    caps_hold,
    an_old_end_changes_nothing,
    what_waits_and_runs_is_counted,
    what_is_withdrawn_is_forgotten,
    a_silent_worker_loses_its_task,
    what_is_paused_goes_on_when_resumed,
    only_the_holder_extends,
    what_is_due_sooner_stays_so,
    nothing_is_left,
    a_wipe_changes_nothing,
    nothing_is_left,
)


async def examine(town: Town, database: Database) -> list[str]:
    """Take all parts in turn; tells what failed, which is nothing where all is well.

    The gateway does not notice that the workers are gone: claims of theirs that wait may still take a task.
    """
    if any(hand.process for hand in town.hands):
        for hand in town.hands:
            hand.kill()
        await asyncio.sleep(CLAIM_WAIT)
    async with examiner(town, database) as exam:
        for part in PARTS:
            name = part.__name__.replace("_", " ")
            try:
                await _take(part, town, exam)
            except (SurprisedError, RefusedError, TimeoutError, HooklineError, httpx.HTTPError) as error:
                return [f"{name}: {str(error) or type(error).__name__}"]
    return []


async def _take(part: Part, town: Town, exam: Examiner) -> None:
    """The relay empties and fills a queue that is at odds with itself, which would hide why it was."""
    before = await exam.queue.epochs()
    async with asyncio.timeout(PART_SECONDS):
        await part(town, exam)
    if part is not a_wipe_changes_nothing and await exam.queue.epochs() != before:
        raise SurprisedError("the queue was at odds with itself, and filled again")
