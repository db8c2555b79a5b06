"""What every `LifecycleStore` must do with waiting follow-ups, and with claims that nobody heard of."""

from dataclasses import replace

import pytest

from contracts.lifecycle_contract import OTHER, LifeTests
from hookline.domain.command import Band
from hookline.domain.lifecycle import Complete, Fail, Fence, LifeLimits, Over, Parked, Release, Run
from hookline.domain.task import TaskState
from lives import LEASE, Office
from submissions import PLAN

FOLDS = replace(PLAN, folds=True)


class FoldingContract(LifeTests):
    """A start absorbs the follow-ups of its conversation that wait, where their rule says so."""

    async def test_a_start_absorbs_what_waits_behind_it(self, office: Office) -> None:
        first = await office.run(await office.accept(plan=FOLDS))
        ids = [await office.accept(plan=FOLDS, text=text) for text in ("one", "two", "three")]
        assert isinstance(await office.start_one(ids[0]), Parked)
        await office.finish(first, Complete({}))
        run = await office.run(ids[0])
        assert run == Run(ids[0], Fence(1), office.now + LEASE, folded=tuple(ids[1:]))
        for task_id in ids[1:]:
            stored = await office.task(task_id, "state", "outcome", "finished_at", "fence")
            assert stored == ("cancelled", f"folded into {ids[0]}", office.now, 0)
            assert await office.facts(task_id) == [("task.folded", None, {"into": ids[0]})]
            assert await office.start_one(task_id) == Over(task_id, TaskState.CANCELLED)
        assert await office.events(ids[0]) == ["parked", "absorbed", "absorbed", "started"]
        assert (await office.facts(ids[0]))[1] == ("task.absorbed", None, {"task": ids[1]})
        assert await office.words(ids[0]) == [("folded", text, "octocat", 0) for text in ("two", "three")]
        assert await office.roles(ids[0]) == ["origin", "folded", "folded"]
        assert {queued.task_id for queued in await office.missing("another")} == {ids[0]}

    async def test_nothing_is_absorbed_unless_the_rule_says_so(self, office: Office) -> None:
        first, _ = await office.accept(), await office.accept()
        assert (await office.run(first)).folded == ()
        third, _ = await office.accept(OTHER, plan=FOLDS), await office.accept(OTHER)
        assert (await office.run(third)).folded == ()

    @pytest.mark.parametrize(
        "other",
        [{"agent": "claude"}, {"model": "opus"}, {"repository": "octo/lib"}, {"base": "next"}],
    )
    async def test_only_what_would_run_alike_is_absorbed(self, office: Office, other: dict) -> None:
        first = await office.accept(plan=FOLDS)
        await office.accept(plan=replace(FOLDS, **other))
        urgent = await office.accept(plan=replace(FOLDS, band=Band.CRITICAL))
        assert (await office.run(first)).folded == (urgent,)

    async def test_other_conversations_and_earlier_tasks_are_left_alone(self, office: Office) -> None:
        earlier, elsewhere = await office.accept(plan=FOLDS), await office.accept(OTHER, plan=FOLDS)
        later = await office.accept(plan=FOLDS)
        assert (await office.run(later)).folded == ()
        assert [await office.state(each) for each in (earlier, elsewhere)] == ["queued", "queued"]

    async def test_what_began_or_should_stop_or_rest_is_not_absorbed(self, office: Office) -> None:
        first = await office.accept(plan=FOLDS)
        began, stopping, resting = [await office.accept(plan=FOLDS) for _ in range(3)]
        await office.change(began, fence=1)
        await office.change(stopping, cancel_requested_at=office.now)
        await office.change(resting, paused_at=office.now)
        assert (await office.run(first)).folded == ()

    async def test_a_start_absorbs_as_many_as_may_be_folded(self, office: Office) -> None:
        ids = [await office.accept(plan=FOLDS) for _ in range(LifeLimits().most_folded + 2)]
        assert (await office.run(ids[0])).folded == tuple(ids[1:-1])

    async def test_a_task_that_goes_on_absorbs_what_came_meanwhile(self, office: Office) -> None:
        run = await office.running(plan=FOLDS)
        late = await office.accept(plan=FOLDS, text="and the logout test")
        await office.finish(run, Release("bye"))
        assert (await office.run(run.task_id)).folded == (late,)
        assert await office.words(run.task_id) == [("folded", "and the logout test", "octocat", 1)]

    async def test_the_same_claim_again_folds_nothing_more(self, office: Office) -> None:
        first, _ = await office.accept(plan=FOLDS), await office.accept(plan=FOLDS)
        run = await office.run(first, claim="c")
        await office.accept(plan=FOLDS)
        again = await office.run(first, claim="c")
        assert (again.fence, again.folded, len(run.folded)) == (run.fence, (), 1)

    async def test_an_open_key_of_what_was_folded_is_free_again(self, office: Office) -> None:
        first, _ = await office.accept(plan=FOLDS), await office.accept(plan=FOLDS, open_key="open")
        await office.run(first)
        assert await office.keys() == {}

    async def test_claims_that_nobody_heard_of_count_towards_a_larger_limit(self, office: Office) -> None:
        task_id = await office.accept()
        for number in range(1, 10):
            run = await office.run(task_id)
            await office.lose(run)
            expected = (0, number)
            assert await office.task(task_id, "lost_count", "unclaimed_count") == expected
        stored = await office.task(task_id, "state", "outcome")
        assert stored == ("dead", "dead: 9 claims ended before a sign of life")
        assert (await office.facts(task_id))[-1] == ("task.dead", 9, {"losses": 0, "unclaimed": 9})
        await office.store.redrive([task_id], "by ada", office.now)
        assert await office.task(task_id, "state", "unclaimed_count") == ("queued", 0)

    async def test_failures_are_counted_apart_from_claims(self, office: Office) -> None:
        task_id = await office.accept()
        for _ in range(3):
            await office.lose(await office.run(task_id))
        run = await office.run(task_id)
        await office.finish(run, Fail("flaky", office.now))
        assert await office.task(task_id, "state", "unclaimed_count", "tries") == ("scheduled", 3, 1)
