"""What every `IngestStore` must do with edits, deletions and controls, on every database."""

import pytest
from sqlalchemy import select

from contracts.storage_contract import Books, StoreTests
from hookline.domain.command import Band
from hookline.domain.delivery import Accepted, Applied, Duplicate, Passed
from hookline.domain.queue import QueuedTask
from hookline.domain.rules import Mode, Plan
from hookline.storage.models import DeliveryTaskRow, TaskRow
from submissions import CONVERSATION, LANE

OTHER_PLAN = Plan(rule="urgent", agent="claude", band=Band.CRITICAL, mode=Mode.STAGED, model="opus")
PR = f"{LANE}#40"


class EditContract(StoreTests):
    """Edits and deletions are decided by their origin."""

    async def test_an_edit_without_a_task_makes_one(self, books: Books) -> None:
        edit = books.sender.edits("v2")
        assert await books.verdict(edit) == Accepted(edit.task_id)
        assert await books.keys() == {"v1": edit.task_id, "v2": edit.task_id}

    async def test_a_text_that_comes_after_its_edit_makes_no_second_task(self, books: Books) -> None:
        await books.commit(edit := books.sender.edits("v2"))
        assert await books.verdict(books.sender.asks("d1", "v1")) == Duplicate(edit.task_id)
        assert await books.states() == ["queued"]

    @pytest.mark.parametrize("is_edit_first", [True, False])
    async def test_a_text_and_its_edit_in_one_batch_make_one_task(
        self, books: Books, is_edit_first: bool
    ) -> None:
        if is_edit_first:
            edit, first = books.sender.edits("v2"), books.sender.asks("d1", "v1")
            expected = [Accepted(edit.task_id), Duplicate(edit.task_id)]
            assert await books.verdicts(edit, first) == expected
        else:
            first, edit = books.sender.asks("d1", "v1"), books.sender.edits("v2")
            expected = [Accepted(first.task_id), Applied("revise", first.task_id)]
            assert await books.verdicts(first, edit) == expected
        assert await books.states() == ["queued"]

    async def test_an_edit_that_comes_too_late_leaves_no_key_behind(self, books: Books) -> None:
        await books.commit(first := books.sender.asks("older"))
        await books.change(first, state="running", fence=1)
        assert await books.verdict(books.sender.edits("v2")) == Passed("already_started")
        assert await books.keys() == {"older": first.task_id}

    async def test_an_edit_revises_what_has_not_started(self, books: Books) -> None:
        await books.commit(first := books.sender.asks("v1"))
        edit = books.sender.edits("v2", text="the logout test", plan=OTHER_PLAN, title="Logout fails")
        committed = await books.commit(edit)
        assert committed.verdicts == [Applied("revise", first.task_id)]
        assert committed.changed.removed == []
        assert committed.changed.queued == [
            QueuedTask(first.task_id, Band.CRITICAL, LANE, CONVERSATION, first.receipt.received_at)
        ]
        columns = (TaskRow.text, TaskRow.title, TaskRow.agent, TaskRow.model, TaskRow.mode, TaskRow.band)
        assert await books.rows(*columns, TaskRow.revision) == [
            ("the logout test", "Logout fails", "claude", "opus", "staged", 0, 1)
        ]
        assert await books.events(first.task_id) == ["task.created", "task.revised"]
        assert await books.keys() == {"v1": first.task_id, "v2": first.task_id}
        assert await books.verdict(books.sender.edits("v2")) == Duplicate(first.task_id)
        assert (edit.receipt.id, "control") in await books.rows(
            DeliveryTaskRow.delivery_id, DeliveryTaskRow.role
        )

    @pytest.mark.parametrize("state", ["running", "waiting", "succeeded", "failed", "dead"])
    async def test_an_edit_comes_too_late_once_it_has_started(self, books: Books, state: str) -> None:
        await books.commit(first := books.sender.asks("v1"))
        await books.change(first, state=state, fence=1)
        assert await books.verdict(books.sender.edits("v2")) == Passed("already_started")
        assert await books.keys() == {"v1": first.task_id}
        assert await books.events(first.task_id) == ["task.created"]

    async def test_an_edit_of_what_was_cancelled_unstarted_asks_anew(self, books: Books) -> None:
        await books.commit(books.sender.asks("v1"))
        await books.commit(books.sender.withdraws("w"))
        edit = books.sender.edits("v2")
        assert await books.verdict(edit) == Accepted(edit.task_id)
        assert await books.states() == ["cancelled", "queued"]

    async def test_what_was_folded_has_started(self, books: Books) -> None:
        await books.commit(first := books.sender.asks("v1"))
        await books.change(first, state="cancelled", outcome="folded into another")
        verdicts = await books.verdicts(books.sender.edits("v2"), books.sender.withdraws("w"))
        assert verdicts == [Passed("already_started"), Passed("already_started")]
        assert await books.states() == ["cancelled"]

    async def test_edits_of_one_batch_make_one_task(self, books: Books) -> None:
        first, second = books.sender.edits("v2", text="one"), books.sender.edits("v3", text="two")
        verdicts = await books.verdicts(first, second)
        assert verdicts == [Accepted(first.task_id), Applied("revise", first.task_id)]
        assert await books.rows(TaskRow.id, TaskRow.text) == [(first.task_id, "two")]

    async def test_an_edit_and_its_deletion_in_one_batch_leave_nothing_to_do(self, books: Books) -> None:
        edit, deletion = books.sender.edits("v2"), books.sender.withdraws("w")
        verdicts = await books.verdicts(edit, deletion)
        assert verdicts == [Accepted(edit.task_id), Applied("withdraw", edit.task_id)]
        assert await books.states() == ["cancelled"]

    async def test_a_deletion_cancels_what_has_not_started(self, books: Books) -> None:
        await books.commit(first := books.sender.asks("v1", open_key="open"))
        committed = await books.commit(books.sender.withdraws("w"))
        assert committed.verdicts == [Applied("withdraw", first.task_id)]
        assert committed.changed.removed == [first.task_id]
        assert await books.states() == ["cancelled"]
        assert await books.events(first.task_id) == ["task.created", "task.cancelled"]
        assert await books.keys() == {"v1": first.task_id, "w": first.task_id}
        assert await books.verdict(books.sender.withdraws("w")) == Duplicate(first.task_id)

    async def test_a_deletion_comes_too_late_once_it_has_started(self, books: Books) -> None:
        await books.commit(first := books.sender.asks("v1"))
        await books.change(first, state="running", fence=1)
        assert await books.verdict(books.sender.withdraws("w")) == Passed("already_started")
        assert await books.states() == ["running"]

    async def test_a_deletion_without_a_task_is_passed(self, books: Books) -> None:
        await books.commit(books.sender.asks("v1"))
        passed = Passed("nothing_to_withdraw")
        assert await books.verdict(books.sender.withdraws("w", origin=f"{LANE}:comment/18")) == passed
        assert isinstance(await books.verdict(books.sender.withdraws("w")), Applied)
        assert await books.verdict(books.sender.withdraws("w2")) == passed


class ControlContract(StoreTests):
    """Controls are applied in the transaction of intake, and claim keys only when they did something."""

    async def test_a_cancel_ends_what_no_worker_holds(self, books: Books) -> None:
        first, second = books.sender.asks("k1"), books.sender.asks("k2")
        other = books.sender.asks("k3", conversation=PR)
        await books.commit(first, second, other)
        committed = await books.commit(books.sender.cancels("c"))
        assert committed.verdicts == [Applied("cancel", second.task_id)]
        assert committed.changed.removed == [first.task_id, second.task_id]
        assert await books.states() == ["cancelled", "cancelled", "queued"]
        assert await books.rows(TaskRow.id, TaskRow.outcome) == [
            (first.task_id, "cancelled: asked"),
            (second.task_id, "cancelled: asked"),
            (other.task_id, None),
        ]
        assert await books.events(first.task_id) == ["task.created", "task.cancelled"]

    async def test_a_cancel_asks_the_worker_that_holds_it(self, books: Books) -> None:
        await books.commit(running := books.sender.asks("k1"))
        await books.change(running, state="running", fence=1)
        committed = await books.commit(cancel := books.sender.cancels("c"))
        assert (committed.verdicts, committed.changed.removed) == ([Applied("cancel", running.task_id)], [])
        assert await books.rows(TaskRow.state, TaskRow.cancel_requested_at) == [
            ("running", cancel.receipt.received_at)
        ]
        assert await books.events(running.task_id) == ["task.created", "task.cancel_requested"]

    async def test_a_button_cancels_its_task_alone(self, books: Books) -> None:
        first, second = books.sender.asks("k1"), books.sender.asks("k2")
        await books.commit(first, second)
        cancel = books.sender.cancels("c", task_id=first.task_id)
        assert await books.verdict(cancel) == Applied("cancel", first.task_id)
        assert await books.states() == ["cancelled", "queued"]

    async def test_a_button_reaches_no_other_conversation(self, books: Books) -> None:
        await books.commit(books.sender.asks("k1"), other := books.sender.asks("k2", conversation=PR))
        cancel = books.sender.cancels("c", task_id=other.task_id)
        assert await books.verdict(cancel) == Passed("nothing_to_cancel")
        assert await books.states() == ["queued", "queued"]

    async def test_a_cancel_in_a_joined_conversation_is_meant_for_the_first(self, books: Books) -> None:
        await books.commit(first := books.sender.asks("k1", joins=PR))
        cancel = books.sender.cancels("c", conversation=PR)
        assert await books.verdict(cancel) == Applied("cancel", first.task_id)

    async def test_a_cancel_speaks_of_what_came_before_it(self, books: Books) -> None:
        before, cancel, after = books.sender.asks("k1"), books.sender.cancels("c"), books.sender.asks("k2")
        verdicts = await books.verdicts(before, cancel, after)
        assert verdicts == [
            Accepted(before.task_id),
            Applied("cancel", before.task_id),
            Accepted(after.task_id),
        ]
        assert await books.states() == ["cancelled", "queued"]

    async def test_a_control_that_did_nothing_may_be_decided_anew(self, books: Books) -> None:
        assert await books.verdict(books.sender.cancels("c")) == Passed("nothing_to_cancel")
        assert await books.keys() == {}
        await books.commit(first := books.sender.asks("k1"))
        assert await books.verdict(books.sender.cancels("c")) == Applied("cancel", first.task_id)
        assert await books.verdict(books.sender.cancels("c")) == Duplicate(first.task_id)

    async def test_twins_of_a_control_share_its_fate(self, books: Books) -> None:
        nothing = Passed("nothing_to_cancel")
        twins = (books.sender.cancels("d1", "s"), books.sender.cancels("d2", "s"))
        assert await books.verdicts(*twins) == [nothing, nothing]
        await books.commit(first := books.sender.asks("k1"))
        assert await books.verdicts(*(books.sender.cancels(key, "s") for key in ("d3", "d4"))) == [
            Applied("cancel", first.task_id),
            Duplicate(first.task_id),
        ]

    async def test_an_open_key_is_free_again_when_its_task_ends(self, books: Books) -> None:
        first = books.sender.asks("o1", open_key="open")
        await books.commit(first)
        assert await books.verdict(books.sender.asks("o2", open_key="open")) == Duplicate(first.task_id)
        await books.commit(books.sender.cancels("c"))
        again = books.sender.asks("o3", open_key="open")
        assert await books.verdict(again) == Accepted(again.task_id)
        assert (await books.keys())["open"] == again.task_id
        assert await books.verdict(books.sender.asks("o2")) == Duplicate(first.task_id)

    @pytest.mark.parametrize("state", ["failed", "dead"])
    async def test_a_delivery_that_is_sent_again_retries_what_was_given_up(
        self, books: Books, state: str
    ) -> None:
        first = books.sender.asks("k1", external_id="sent-1")
        await books.commit(first)
        again = [books.sender.asks("k1", external_id="sent-1") for _ in range(3)]
        assert await books.verdict(again[0]) == Duplicate(first.task_id)
        await books.change(first, state=state)
        assert await books.verdict(books.sender.asks("k1", external_id="twin")) == Duplicate(first.task_id)
        assert await books.verdict(books.sender.asks("k1", external_id=None)) == Duplicate(first.task_id)
        committed = await books.commit(*again[1:])
        assert committed.verdicts == [Applied("redelivery", first.task_id), Duplicate(first.task_id)]
        assert [task.task_id for task in committed.changed.queued] == [first.task_id]
        assert await books.states() == ["queued"]
        assert await books.events(first.task_id) == ["task.created", "task.queued"]

    async def test_facts_of_a_task_are_numbered_without_gaps(self, books: Books) -> None:
        await books.commit(first := books.sender.asks("k1"))
        await books.commit(books.sender.edits("k2"), books.sender.edits("k3"), books.sender.cancels("c"))
        assert await books.events(first.task_id) == [
            "task.created",
            "task.revised",
            "task.revised",
            "task.cancelled",
        ]
        async with books.database.read() as connection:
            assert (await connection.execute(select(TaskRow.revision))).scalar_one() == 2
