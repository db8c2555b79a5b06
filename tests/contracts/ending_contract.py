"""What every `LifecycleStore` must do when attempts end, and when operators intervene."""

import json
from datetime import timedelta

import pytest

from contracts.lifecycle_contract import LIMITS, OTHER, UNKNOWN, LifeTests
from hookline.domain.errors import UnfitFinishError
from hookline.domain.lifecycle import (
    Complete,
    Ending,
    Fail,
    Fence,
    Finished,
    Lost,
    Over,
    Postpone,
    Release,
    Run,
    Stop,
    Wait,
)
from hookline.domain.queue import QueuedTask
from hookline.domain.task import TaskState
from lives import LEASE, SECOND, Office, changed
from submissions import CONVERSATION, LANE, NOW

HOUR = timedelta(hours=1)
LATER = NOW + HOUR
ZONELESS = NOW.replace(tzinfo=None)
GOES_ON = [
    Release("shutting down"),
    Postpone(LATER, "rate limit"),
    Wait("which one?", LATER),
    Fail("no network", LATER),
]
MEBIBYTE = 1 << 20


def nested(depth: int) -> dict:
    value: dict = {}
    for _ in range(depth):
        value = {"a": value}
    return value


class FinishContract(LifeTests):
    """Each ending is one transition, told once, whoever asks how often."""

    async def test_success_keeps_the_result(self, office: Office) -> None:
        run = await office.running(open_key="open")
        result = {"pull_request": 40, "summary": "done ✓", "checks": [True, None, 1.5]}
        assert await office.finish(run, Complete(result)) == Finished(run.task_id, TaskState.SUCCEEDED, None)
        stored, *rest = await office.task(run.task_id, "result", "state", "outcome", "finished_at")
        assert json.loads(stored) == result
        assert rest == ["succeeded", "succeeded", office.now]
        assert await office.task(run.task_id, "holder", "lease_ends_at") == (None, None)
        names = ("outcome", "ended_at", "digest", "left_task")
        assert await office.attempts(run.task_id, *names) == [("succeeded", office.now, "d", "succeeded")]
        assert await office.events(run.task_id) == ["started", "succeeded"]
        assert await office.keys() == {}

    async def test_failure_without_a_retry_is_final(self, office: Office) -> None:
        run = await office.running(open_key="open")
        assert await office.finish(run, Fail("no such branch")) == Finished(
            run.task_id, TaskState.FAILED, None
        )
        stored = await office.task(run.task_id, "outcome", "result", "tries", "finished_at")
        assert stored == ("failed: no such branch", None, 1, office.now)
        assert (await office.facts(run.task_id))[-1] == (
            "task.failed",
            1,
            {"reason": "no such branch", "failures": 1},
        )
        assert await office.keys() == {}

    async def test_failure_is_tried_again_until_it_was_tried_too_often(self, office: Office) -> None:
        run = await office.running(open_key="open")
        for number in range(1, LIMITS.most_tries):
            answer = await office.finish(run, Fail("flaky", office.now + HOUR), f"d{number}")
            assert answer.state is TaskState.SCHEDULED
            assert answer.again is not None
            assert answer.again.due_at == office.now + HOUR
            assert await office.keys() == {"open": run.task_id}
            office.pass_(HOUR)
            run = await office.run(run.task_id)
        answer = await office.finish(run, Fail("flaky", office.now + HOUR), "last")
        assert answer == Finished(run.task_id, TaskState.FAILED, None)
        retries = ["started", "retry_scheduled"] * (LIMITS.most_tries - 1)
        assert await office.events(run.task_id) == [*retries, "started", "failed"]
        assert await office.keys() == {}

    async def test_what_is_given_back_is_queued_at_its_place(self, office: Office) -> None:
        run = await office.running()
        accepted_at, band = await office.task(run.task_id, "accepted_at", "band")
        again = QueuedTask(run.task_id, band, LANE, CONVERSATION, accepted_at)
        assert await office.finish(run, Release("shutting down")) == Finished(
            run.task_id, TaskState.QUEUED, again
        )
        assert await office.events(run.task_id) == ["started", "released", "queued"]
        assert await office.missing() == [again]
        assert await office.task(run.task_id, "tries", "lost_count") == (0, 0)

    async def test_what_is_postponed_is_due_later_and_no_try(self, office: Office) -> None:
        run = await office.running()
        answer = await office.finish(run, Postpone(office.now + HOUR, "rate limit"))
        assert answer.state is TaskState.SCHEDULED
        assert answer.again is not None
        assert answer.again.due_at == office.now + HOUR
        assert await office.missing() == [answer.again]
        assert await office.task(run.task_id, "tries", "queued_reason") == (0, "rate limit")
        assert await office.events(run.task_id) == ["started", "deferred"]

    async def test_what_waits_for_a_person_has_no_lease(self, office: Office) -> None:
        run = await office.running()
        answer = await office.finish(run, Wait("which one?", office.now + HOUR))
        assert answer == Finished(run.task_id, TaskState.WAITING, None)
        stored = await office.task(run.task_id, "state", "question", "due_at", "holder", "lease_ends_at")
        assert stored == ("waiting", "which one?", office.now + HOUR, None, None)
        assert await office.missing() == []
        follow_up = await office.accept()
        assert isinstance(await office.start_one(follow_up), Run)

    async def test_what_stopped_is_cancelled(self, office: Office) -> None:
        run = await office.running(open_key="open")
        await office.store.cancel([run.task_id], "asked", office.now)
        answer = await office.finish(run, Stop("told to"))
        assert answer == Finished(run.task_id, TaskState.CANCELLED, None)
        assert await office.attempts(run.task_id, "outcome") == [("cancelled",)]
        assert await office.keys() == {}

    @pytest.mark.parametrize("ending", GOES_ON)
    async def test_what_should_stop_does_not_go_on(self, office: Office, ending: Ending) -> None:
        run = await office.running(open_key="open")
        await office.store.cancel([run.task_id], "asked", office.now)
        assert await office.finish(run, ending) == Finished(run.task_id, TaskState.CANCELLED, None)
        assert (await office.events(run.task_id))[-1] == "cancelled"
        assert await office.keys() == {}
        assert await office.missing() == []

    @pytest.mark.parametrize(("ending", "state"), [(Complete({}), "succeeded"), (Fail("no"), "failed")])
    async def test_what_ended_before_it_could_stop_has_ended_so(
        self, office: Office, ending: Ending, state: str
    ) -> None:
        run = await office.running()
        await office.store.cancel([run.task_id], "asked", office.now)
        assert await office.finish(run, ending) == Finished(run.task_id, TaskState(state), None)

    @pytest.mark.parametrize("ending", [Complete({"a": 1}), Fail("no"), Stop("told to"), *GOES_ON])
    async def test_the_same_finish_again_gets_the_same_answer(self, office: Office, ending: Ending) -> None:
        run = await office.running()
        first = await office.finish(run, ending)
        told = await office.facts(run.task_id)
        office.pass_(SECOND)
        assert await office.finish(run, ending) == first
        assert await office.facts(run.task_id) == told

    async def test_the_same_finish_again_is_known_after_the_task_went_on(self, office: Office) -> None:
        run = await office.running()
        await office.finish(run, Release("bye"))
        second = await office.run(run.task_id, "two", "c2")
        answer = await office.finish(run, Release("bye"))
        assert (answer.task_id, answer.state) == (run.task_id, TaskState.QUEUED)
        assert answer.again is not None
        assert answer.again.lease is not None
        assert answer.again.lease.claim_id == "c2"
        await office.finish(second, Complete({}))
        assert await office.finish(run, Release("bye")) == Finished(run.task_id, TaskState.QUEUED, None)

    async def test_another_finish_of_an_ended_attempt_is_lost(self, office: Office) -> None:
        run = await office.running()
        await office.finish(run, Complete({}), "one")
        lost = Lost(run.task_id, Fence(1), TaskState.SUCCEEDED, None, None)
        assert await office.finish(run, Fail("no"), "two") == lost
        assert await office.state(run.task_id) == "succeeded"

    async def test_a_zombie_s_finish_changes_nothing(self, office: Office) -> None:
        zombie = await office.running()
        await office.lose(zombie)
        assert await office.finish(zombie, Complete({})) == Lost(
            zombie.task_id, Fence(1), TaskState.QUEUED, None, None
        )
        await office.run(zombie.task_id, "two")
        answer = await office.finish(zombie, Complete({}))
        assert answer == Lost(zombie.task_id, Fence(1), TaskState.RUNNING, "two", Fence(2))
        assert await office.state(zombie.task_id) == "running"

    async def test_an_unknown_task_and_a_foreign_fence_are_lost(self, office: Office) -> None:
        unknown = Run(UNKNOWN, Fence(1), office.now)
        assert await office.finish(unknown, Complete({})) == Lost(UNKNOWN, Fence(1), None, None, None)
        run = await office.running()
        for fence in (Fence(0), Fence(2), Fence(-1), Fence(2**62)):
            foreign = Run(run.task_id, fence, office.now)
            lost = Lost(run.task_id, fence, TaskState.RUNNING, "one", Fence(1))
            assert await office.finish(foreign, Complete({})) == lost
        assert await office.state(run.task_id) == "running"

    async def test_a_lease_that_nobody_took_may_still_be_finished(self, office: Office) -> None:
        run = await office.running()
        office.pass_(10 * LEASE)
        assert (await office.finish(run, Complete({}))).state is TaskState.SUCCEEDED

    async def test_text_that_no_database_stores_is_cleaned(self, office: Office) -> None:
        run = await office.running()
        await office.finish(run, Complete({"a\0": ["\ud800", {"b": "x\0y"}], "n": float("nan")}))
        stored = json.loads((await office.task(run.task_id, "result"))[0])
        assert stored == {"a�": ["�", {"b": "x�y"}], "n": None}

    @pytest.mark.parametrize("word", ["\0", "\ud800", "x" * 100_000, "a\nb\r\x1b[0m"])
    async def test_reasons_and_questions_are_cleaned_and_cut(self, office: Office, word: str) -> None:
        run = await office.running()
        for ending in (Release(word), Postpone(office.now, word), Fail(word, office.now)):
            await office.finish(run, ending)
            run = await office.run(run.task_id)
        await office.finish(run, Wait(word, office.now))
        await office.store.reap(10, office.now)
        await office.store.cancel([run.task_id], word, office.now)
        (outcome,) = await office.task(run.task_id, "outcome")
        assert outcome.startswith("cancelled: ")
        assert len(outcome) <= 255
        assert "\0" not in outcome

    @pytest.mark.parametrize(
        ("result", "why"),
        [
            ({"a": "x" * MEBIBYTE}, r"^result: 1048584 bytes of JSON, at most 1048576 are kept$"),
            ({"a": "é" * (MEBIBYTE // 2)}, "bytes of JSON"),
            ({"a": object()}, "not an object of JSON"),
            ({"a": b"x"}, "not an object of JSON"),
            ({1: "x"}, "not an object of JSON"),
            ({"a": {"b": {1, 2}}}, "not an object of JSON"),
            ([1, 2], "not an object of JSON"),
            ("text", "not an object of JSON"),
            (None, "not an object of JSON"),
            (nested(100_000), "nested too deeply"),
        ],
        ids=["huge", "wide", "object", "bytes", "number as name", "set", "list", "text", "nothing", "deep"],
    )
    async def test_an_unfit_result_is_refused_and_changes_nothing(
        self, office: Office, result: dict, why: str
    ) -> None:
        run = await office.running()
        with pytest.raises(UnfitFinishError, match=why):
            await office.finish(run, Complete(result))
        assert await office.state(run.task_id) == "running"
        assert (await office.finish(run, Complete({"a": "x" * (MEBIBYTE - 8)}))).state == "succeeded"

    @pytest.mark.parametrize(
        "ending", [Fail("no", ZONELESS), Wait("?", ZONELESS), Postpone(ZONELESS, "rate limit")]
    )
    async def test_a_time_without_a_zone_is_refused(self, office: Office, ending: Ending) -> None:
        run = await office.running()
        with pytest.raises(UnfitFinishError, match="without a zone"):
            await office.finish(run, ending)
        assert await office.state(run.task_id) == "running"


class CommandContract(LifeTests):
    """What operators and controls may do to tasks."""

    @pytest.mark.parametrize("state", ["authorizing", "queued", "scheduled", "waiting"])
    async def test_what_no_worker_holds_is_cancelled(self, office: Office, state: str) -> None:
        task_id = await office.accept(open_key="open")
        await office.change(task_id, state=state, due_at=office.now + HOUR)
        assert await office.store.cancel([task_id], "by ada", office.now) == changed([], [task_id], [])
        stored = await office.task(task_id, "state", "outcome", "finished_at", "due_at")
        assert stored == ("cancelled", "cancelled: by ada", office.now, None)
        assert await office.facts(task_id) == [("task.cancelled", None, {"cause": "by ada"})]
        assert await office.keys() == {}

    async def test_a_running_task_is_asked_to_stop_once(self, office: Office) -> None:
        run = await office.running()
        asked = changed([], [], [run.task_id])
        assert await office.store.cancel([run.task_id], "by ada", office.now) == asked
        first_at = office.now
        office.pass_(SECOND)
        assert await office.store.cancel([run.task_id], "by ada", office.now) == asked
        assert await office.task(run.task_id, "state", "cancel_requested_at") == ("running", first_at)
        assert await office.facts(run.task_id) == [
            (await office.facts(run.task_id))[0],
            ("task.cancel_requested", 1, {"cause": "by ada"}),
        ]

    @pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled", "dead"])
    async def test_what_is_over_is_not_cancelled(self, office: Office, state: str) -> None:
        task_id = await office.accept()
        await office.change(task_id, state=state)
        assert await office.store.cancel([task_id, UNKNOWN], "by ada", office.now) == changed()
        assert await office.state(task_id) == state
        assert await office.facts(task_id) == []

    @pytest.mark.parametrize("state", ["failed", "dead"])
    async def test_what_was_given_up_is_queued_again(self, office: Office, state: str) -> None:
        run = await office.running(open_key="open")
        await office.finish(run, Fail("no"))
        await office.change(run.task_id, state=state, lost_count=9, tries=9, cancel_requested_at=office.now)
        answer = await office.store.redrive([run.task_id], "by ada", office.now)
        accepted_at, band = await office.task(run.task_id, "accepted_at", "band")
        again = QueuedTask(run.task_id, band, LANE, CONVERSATION, accepted_at)
        assert answer == changed([again], [], [])
        assert await office.missing() == [again]
        names = ("state", "fence", "lost_count", "tries", "finished_at", "outcome", "cancel_requested_at")
        assert await office.task(run.task_id, *names) == ("queued", 1, 0, 0, None, None, None)
        assert (await office.facts(run.task_id))[-1] == (
            "task.queued",
            1,
            {"reason": "redriven", "cause": "by ada"},
        )
        assert await office.keys() == {"open": run.task_id}
        assert (await office.run(run.task_id)).fence == 2

    async def test_an_open_key_that_another_task_took_stays_with_it(self, office: Office) -> None:
        old = await office.running(open_key="open")
        await office.finish(old, Fail("no"))
        new = await office.accept(OTHER, open_key="open")
        await office.store.redrive([old.task_id], "by ada", office.now)
        assert await office.keys() == {"open": new}
        await office.store.cancel([old.task_id], "by ada", office.now)
        assert await office.keys() == {"open": new}

    @pytest.mark.parametrize("state", ["queued", "running", "waiting", "succeeded", "cancelled"])
    async def test_what_was_not_given_up_is_not_redriven(self, office: Office, state: str) -> None:
        task_id = await office.accept(open_key="open")
        held = {"open": task_id}
        await office.change(task_id, state=state)
        if state in {"succeeded", "cancelled"}:
            held = {}
        assert await office.store.redrive([task_id, UNKNOWN], "by ada", office.now) == changed()
        assert await office.state(task_id) == state
        assert await office.facts(task_id) == []
        assert await office.keys() == held

    async def test_redriving_twice_is_once(self, office: Office) -> None:
        run = await office.running()
        await office.finish(run, Fail("no"))
        await office.store.redrive([run.task_id], "by ada", office.now)
        assert await office.store.redrive([run.task_id], "by ada", office.now) == changed()

    async def test_a_cancelled_task_is_over_for_who_claims_it(self, office: Office) -> None:
        task_id = await office.accept()
        await office.store.cancel([task_id], "by ada", office.now)
        assert await office.start_one(task_id) == Over(task_id, TaskState.CANCELLED)
