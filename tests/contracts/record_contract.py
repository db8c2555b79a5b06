"""What every `WorkRecords` must do with what attempts tell while they run."""

import json
from abc import ABC, abstractmethod
from dataclasses import replace

import pytest
from sqlalchemy import select

from hookline.domain.errors import UnfitRecordError
from hookline.domain.ids import TaskId
from hookline.domain.lifecycle import Complete, Fence, Lost, Release, Run
from hookline.domain.queue import ClaimId
from hookline.domain.rules import Mode
from hookline.domain.source import MEBIBYTE
from hookline.domain.task import TaskState
from hookline.domain.work_records import AgentLine, EffectKept, EffectWish, Logged, Usage, WorkRecords
from hookline.domain.workers import WorkLease
from hookline.storage.database import Database
from hookline.storage.lifecycle import SqlLifecycleStore
from hookline.storage.models import EffectRow, SessionRow
from lives import Office
from submissions import CONVERSATION, LANE

SAID = [AgentLine("said", f"line {number}") for number in range(1, 6)]
UNKNOWN = TaskId("0195d000-0000-7000-8000-000000000000")
COMMENT = EffectWish("comment", "result", {"text": "done"})


def lease_of(run: Run) -> WorkLease:
    held = {"is_holder": True, "is_cancelled": False, "lease_ends_at": run.lease_ends_at}
    return WorkLease(run.task_id, LANE, run.fence, "one", ClaimId("c"), **held)


class RecordContract(ABC):
    """Stored once, in order, and only while the lease holds."""

    @abstractmethod
    def records(self, database: Database, most_logged_bytes: int = MEBIBYTE) -> WorkRecords:
        """Make the records under test, which keep so many bytes of the lines of an attempt."""

    @pytest.fixture
    def office(self, database: Database) -> Office:
        return Office(database, SqlLifecycleStore(database))

    @pytest.fixture
    def kept(self, database: Database) -> WorkRecords:
        return self.records(database)

    async def agent_lines(self, office: Office, task_id: TaskId) -> list[tuple]:
        facts = await office.facts(task_id)
        return [(event, fence, data["n"], data["text"]) for event, fence, data in facts if "agent." in event]

    async def test_lines_are_facts_in_their_order(self, office: Office, kept: WorkRecords) -> None:
        run = await office.running()
        called = AgentLine("called_tool", "ls", "shell")
        assert await kept.log(lease_of(run), 1, [SAID[0], called], office.now) == Logged(2, 3)
        await office.finish(run, Complete({}))
        assert (await office.facts(run.task_id))[1:3] == [
            ("agent.said", 1, {"n": 1, "text": "line 1"}),
            ("agent.called_tool", 1, {"n": 2, "name": "shell", "text": "ls"}),
        ]
        assert (await office.events(run.task_id))[-1] == "succeeded"

    async def test_the_same_batch_again_is_stored_once(self, office: Office, kept: WorkRecords) -> None:
        run = await office.running()
        assert await kept.log(lease_of(run), 1, SAID[:2], office.now) == Logged(2, 3)
        assert await kept.log(lease_of(run), 1, SAID[:2], office.now) == Logged(0, 3)
        assert await kept.log(lease_of(run), 2, SAID[1:4], office.now) == Logged(2, 5)
        assert await kept.log(lease_of(run), 1, SAID[:1], office.now) == Logged(0, 5)
        lines = await self.agent_lines(office, run.task_id)
        assert lines == [("agent.said", 1, number, f"line {number}") for number in range(1, 5)]

    async def test_a_gap_is_refused_and_tells_what_is_missing(
        self, office: Office, kept: WorkRecords
    ) -> None:
        run = await office.running()
        await kept.log(lease_of(run), 1, SAID[:2], office.now)
        with pytest.raises(UnfitRecordError, match="first: the next line of this attempt is number 3"):
            await kept.log(lease_of(run), 4, SAID[3:], office.now)
        assert len(await self.agent_lines(office, run.task_id)) == 2

    async def test_an_attempt_that_tells_too_much_goes_on_and_the_rest_is_dropped(
        self, office: Office, database: Database
    ) -> None:
        lines = [AgentLine("said", "x" * 100) for _ in range(4)]
        line_bytes = len(b'{"n":1,"text":""}') + 100
        kept = self.records(database, 2 * line_bytes)
        run = await office.running()
        lease = lease_of(run)
        assert await kept.log(lease, 1, lines[:2], office.now) == Logged(2, 3)
        for _ in range(2):
            answer = await kept.log(lease, 2, lines[1:], office.now)
            assert answer == Logged(0, 5, is_truncated=True)
        assert await kept.log(lease, 5, [AgentLine("said", "")], office.now) == Logged(
            0, 6, is_truncated=True
        )
        facts = await office.facts(run.task_id)
        assert facts[1:] == [
            ("agent.said", 1, {"n": 1, "text": "x" * 100}),
            ("agent.said", 1, {"n": 2, "text": "x" * 100}),
            ("log.truncated", 1, {"n": 3, "most_bytes": 2 * line_bytes}),
        ]
        await office.finish(run, Release("bye"))
        again = await office.run(run.task_id, "two")
        assert await kept.log(lease_of(again), 1, lines[:3], office.now) == Logged(2, 4, is_truncated=True)
        truncated = [fact for fact in await office.facts(run.task_id) if fact[0] == "log.truncated"]
        assert [(fence, data["n"]) for _, fence, data in truncated] == [(1, 3), (2, 3)]

    async def test_each_attempt_counts_anew(self, office: Office, kept: WorkRecords) -> None:
        first = await office.running()
        await kept.log(lease_of(first), 1, SAID[:2], office.now)
        await office.finish(first, Release("bye"))
        second = await office.run(first.task_id, "two")
        assert await kept.log(lease_of(second), 1, SAID[:1], office.now) == Logged(1, 2)
        lines = await self.agent_lines(office, first.task_id)
        assert [(fence, number) for _, fence, number, _ in lines] == [(1, 1), (1, 2), (2, 1)]

    async def test_text_is_stored_clean(self, office: Office, kept: WorkRecords) -> None:
        run = await office.running()
        line = AgentLine("got_result", "a\0b\ud800", "x\0" + "y" * 300)
        await kept.log(lease_of(run), 1, [line], office.now)
        ((_, _, data),) = [fact for fact in await office.facts(run.task_id) if fact[0] == "agent.got_result"]
        assert data["text"] == "a\ufffdb\ufffd"
        assert len(data["name"]) == 255

    async def test_a_zombie_is_told_who_has_the_task(self, office: Office, kept: WorkRecords) -> None:
        run = await office.running()
        await office.lose(run)
        again = await office.run(run.task_id, "two")
        lost = Lost(run.task_id, run.fence, TaskState.RUNNING, "two", again.fence)
        lease = lease_of(run)
        assert await kept.log(lease, 1, SAID, office.now) == lost
        assert await kept.usage(lease, Usage(turns=1)) == lost
        assert await kept.session(lease, "s1", office.now) == lost
        assert await kept.effect(lease, COMMENT, office.now) == lost
        assert await self.agent_lines(office, run.task_id) == []
        assert await office.attempts(run.task_id, "usage", "session") == [(None, None), (None, None)]
        assert await self.effects(office) == []

    async def test_what_is_over_or_unknown_takes_nothing(self, office: Office, kept: WorkRecords) -> None:
        run = await office.running()
        await office.finish(run, Complete({}))
        over = Lost(run.task_id, run.fence, TaskState.SUCCEEDED, None, None)
        assert await kept.log(lease_of(run), 1, SAID, office.now) == over
        unknown = replace(lease_of(run), task_id=UNKNOWN)
        assert await kept.log(unknown, 1, SAID, office.now) == Lost(UNKNOWN, Fence(1), None, None, None)

    async def test_usage_never_shrinks(self, office: Office, kept: WorkRecords) -> None:
        run = await office.running()
        first = Usage(input_tokens=10, output_tokens=5, turns=1, cost_micro_usd=7)
        assert await kept.usage(lease_of(run), first) == first
        grown = Usage(input_tokens=20, output_tokens=5, turns=2, cost_micro_usd=9)
        assert await kept.usage(lease_of(run), grown) == grown
        assert await kept.usage(lease_of(run), first) == grown
        ((stored,),) = await office.attempts(run.task_id, "usage")
        assert json.loads(stored)["input_tokens"] == 20

    async def test_the_newest_session_of_a_conversation_is_known(
        self, office: Office, kept: WorkRecords
    ) -> None:
        run = await office.running()
        assert await kept.session(lease_of(run), "s1", office.now) == "s1"
        assert await kept.session(lease_of(run), "s1", office.now) == "s1"
        await office.finish(run, Complete({}))
        second = await office.running()
        await kept.session(lease_of(second), "s2", office.now)
        assert await self.sessions(office) == [(CONVERSATION, "echo", "s2", second.task_id, 1)]
        assert await office.attempts(run.task_id, "session") == [("s1",)]
        assert (await office.events(run.task_id)).count("session_told") == 1

    async def test_the_same_effect_again_is_stored_once(self, office: Office, kept: WorkRecords) -> None:
        run = await office.running()
        key = f"task:{run.task_id}:comment:result"
        assert await kept.effect(lease_of(run), COMMENT, office.now) == EffectKept(key, is_new=True)
        assert await kept.effect(lease_of(run), COMMENT, office.now) == EffectKept(key, is_new=False)
        expected = (key, run.task_id, 1, "github", "default", "comment", '{"text":"done"}', "pending")
        assert await self.effects(office) == [expected]
        told = {"kind": "comment", "key": "result", "state": "pending"}
        assert (await office.facts(run.task_id))[1:] == [("task.effect_requested", 1, told)]

    async def test_another_effect_does_not_take_a_key(self, office: Office, kept: WorkRecords) -> None:
        run = await office.running()
        await kept.effect(lease_of(run), COMMENT, office.now)
        with pytest.raises(UnfitRecordError, match="key: an effect of another content"):
            await kept.effect(lease_of(run), replace(COMMENT, payload={"text": "other"}), office.now)
        assert len(await self.effects(office)) == 1

    async def test_effects_of_a_staged_task_are_not_for_sending(
        self, office: Office, kept: WorkRecords
    ) -> None:
        run = await office.running()
        await office.change(run.task_id, mode=Mode.STAGED.value)
        await kept.effect(lease_of(run), COMMENT, office.now)
        assert [row[-1] for row in await self.effects(office)] == ["staged"]

    async def test_a_payload_has_a_bound(self, office: Office, kept: WorkRecords) -> None:
        run = await office.running()
        wish = replace(COMMENT, payload={"text": "x" * 2**16})
        with pytest.raises(UnfitRecordError, match="bytes of JSON, at most 65536 are kept"):
            await kept.effect(lease_of(run), wish, office.now)
        assert await self.effects(office) == []

    async def effects(self, office: Office) -> list[tuple]:
        names = ("key", "task_id", "fence", "provider", "source", "kind", "payload", "state")
        return await self.rows(office, *(getattr(EffectRow, name) for name in names))

    async def sessions(self, office: Office) -> list[tuple]:
        names = ("conversation", "agent", "session", "task_id", "fence")
        return await self.rows(office, *(getattr(SessionRow, name) for name in names))

    async def rows(self, office: Office, *columns: object) -> list[tuple]:
        async with office.database.read() as connection:
            return [tuple(row) for row in await connection.execute(select(*columns))]
