"""What every `IngestStore` must do with answers, retries, replies, and what takes a place."""

import json

import pytest
from sqlalchemy import update

from contracts.storage_contract import Books, StoreTests
from hookline.core.replies import HELP, NO_TASK
from hookline.domain.command import Command, Verb
from hookline.domain.delivery import Accepted, Applied, Duplicate, Passed
from hookline.domain.intake import Submission
from hookline.domain.outcome import ConversationControl
from hookline.domain.trigger import Trigger
from hookline.storage.models import DeliveryRow, DeliveryTaskRow, EffectRow, TaskEventRow, TaskRow, WordsRow
from submissions import CONVERSATION, LANE

PR = f"{LANE}#40"
PUSH = {"trigger": Trigger.PUSH, "replaces": True, "origin": None}


def says(books: Books, *keys: str, text: str = "use postgres", **changes: object) -> Submission:
    """Words without a verb."""
    about = {"command": Command(Verb.ASK, text), "origin": f"{LANE}:comment/{keys[0]}"}
    return books.sender.asks(*keys, **{**about, **changes})


def control(books: Books, verb: Verb, *keys: str, **changes: object) -> Submission:
    return books.sender.controls(ConversationControl(verb, CONVERSATION, **changes), *keys)


async def data_of(books: Books, event: str) -> list[tuple]:
    rows = await books.rows(TaskEventRow.event, TaskEventRow.delivery_id, TaskEventRow.data)
    return [(delivery_id, json.loads(data)) for name, delivery_id, data in rows if name == event]


class AnswerContract(StoreTests):
    """A task that waits goes on with what a person says, in the transaction of intake."""

    async def waiting(self, books: Books, *keys: str, **changes: object) -> Submission:
        await books.commit(asked := books.sender.asks(*(keys or ("k1",)), **changes))
        wait = {"state": "waiting", "fence": 1, "question": "which?", "due_at": books.sender.clock()}
        await books.change(asked, **wait, queue_epoch="e")
        return asked

    async def test_words_without_a_verb_are_the_answer(self, books: Books) -> None:
        asked = await self.waiting(books)
        committed = await books.commit(said := says(books, "a"))
        assert committed.verdicts == [Applied("answer", asked.task_id)]
        assert [queued.task_id for queued in committed.changed.queued] == [asked.task_id]
        stored = await books.rows(
            TaskRow.id, TaskRow.state, TaskRow.due_at, TaskRow.question, TaskRow.queue_epoch
        )
        assert stored == [(asked.task_id, "queued", None, None, "")]
        words = (WordsRow.task_id, WordsRow.kind, WordsRow.text, WordsRow.said_by, WordsRow.after_fence)
        assert await books.rows(*words) == [(asked.task_id, "answer", "use postgres", "octocat", 1)]
        told = {"question": "which?", "text": "use postgres", "by": "octocat"}
        assert await data_of(books, "task.answered") == [(said.receipt.id, told)]
        events = await books.events(asked.task_id)
        assert events == ["task.created", "task.answered", "task.queued"]
        assert (said.receipt.id, "control") in await books.rows(
            DeliveryTaskRow.delivery_id, DeliveryTaskRow.role
        )
        rows = await books.rows(DeliveryRow.id, DeliveryRow.status, DeliveryRow.detail, DeliveryRow.task_id)
        assert rows[-1] == (said.receipt.id, "applied", "answer", asked.task_id)
        assert await books.verdict(says(books, "a")) == Duplicate(asked.task_id)

    @pytest.mark.parametrize(
        "other",
        [
            {"command": Command(Verb.FIX, "the login test")},
            {"command": Command(Verb.ASK, "  ")},
            {"trigger": Trigger.ALERT},
            {"trigger": Trigger.BUTTON},
            {"conversation": PR},
        ],
    )
    async def test_everything_else_is_a_task_of_its_own(self, books: Books, other: dict) -> None:
        await self.waiting(books)
        said = says(books, "a", **other)
        assert await books.verdict(said) == Accepted(said.task_id)
        assert await books.states() == ["waiting", "queued"]

    async def test_only_the_first_words_answer(self, books: Books) -> None:
        asked = await self.waiting(books)
        first, second = says(books, "a"), says(books, "b")
        expected = [Applied("answer", asked.task_id), Accepted(second.task_id)]
        assert await books.verdicts(first, second) == expected
        assert await books.states() == ["queued", "queued"]

    async def test_the_newest_question_is_answered(self, books: Books) -> None:
        await self.waiting(books)
        newest = await self.waiting(books, "k2")
        assert await books.verdict(says(books, "a")) == Applied("answer", newest.task_id)
        assert await books.states() == ["waiting", "queued"]

    async def test_an_answer_reaches_a_joined_conversation(self, books: Books) -> None:
        asked = await self.waiting(books, joins=PR)
        assert await books.verdict(says(books, "a", conversation=PR)) == Applied("answer", asked.task_id)

    async def test_a_cancel_after_the_answer_meets_what_goes_on(self, books: Books) -> None:
        asked = await self.waiting(books)
        verdicts = await books.verdicts(says(books, "a"), books.sender.cancels("c"))
        assert verdicts == [Applied("answer", asked.task_id), Applied("cancel", asked.task_id)]
        assert await books.states() == ["cancelled"]


class ReplyContract(StoreTests):
    """Questions about tasks change none, and are answered once."""

    async def replies(self, books: Books) -> list[tuple]:
        columns = (EffectRow.key, EffectRow.task_id, EffectRow.kind, EffectRow.state, EffectRow.payload)
        rows = await books.rows(*columns)
        return [(*row[:-1], json.loads(row[-1])["text"]) for row in rows]

    async def test_help_is_told_where_nothing_else_is_there(self, books: Books) -> None:
        asked = control(books, Verb.HELP, "c")
        assert await books.verdict(asked) == Applied("help", None, told=HELP)
        assert await self.replies(books) == [(f"reply:{asked.receipt.id}", None, "reply", "pending", HELP)]
        assert await books.verdict(control(books, Verb.HELP, "c")) == Duplicate(None)
        assert len(await self.replies(books)) == 1
        ((detail, status),) = {
            row[1:] for row in await books.rows(DeliveryRow.id, DeliveryRow.detail, DeliveryRow.status)
        } - {(None, "duplicate")}
        assert (detail[:10], status) == ("help: Say ", "applied")

    async def test_who_waits_for_the_answer_gets_no_second_one(self, books: Books) -> None:
        facts = books.sender.facts(interactive=True)
        asked = control(books, Verb.HELP, "c")
        outcome = type(asked.outcome)(facts, asked.outcome.control, ("c",))
        told = Submission(asked.receipt, outcome, asked.task_id)
        assert await books.verdict(told) == Applied("help", None, told=HELP)
        assert await self.replies(books) == []

    async def test_a_status_tells_of_the_tasks_of_the_conversation(self, books: Books) -> None:
        first, second, other = (
            books.sender.asks("k1"),
            books.sender.asks("k2"),
            books.sender.asks("k3", conversation=PR),
        )
        await books.commit(first, second, other)
        await books.change(first, state="running", fence=2)
        asked = control(books, Verb.STATUS, "c")
        applied = await books.verdict(asked)
        assert applied == Applied("status", second.task_id, told=applied.told)
        assert applied.told.splitlines() == [
            f"Task {first.task_id}: fix, running, attempt 2, accepted 2026-03-01 12:00 UTC",
            f"Task {second.task_id}: fix, queued, accepted 2026-03-01 12:00 UTC",
        ]
        ((_, task_id, *_, text),) = await self.replies(books)
        assert (task_id, text) == (second.task_id, applied.told)
        assert await books.states() == ["running", "queued", "queued"]

    async def test_a_status_speaks_of_what_came_before_it(self, books: Books) -> None:
        asked, after = control(books, Verb.STATUS, "c"), books.sender.asks("k1")
        verdicts = await books.verdicts(asked, after)
        assert verdicts == [Applied("status", None, told=NO_TASK), Accepted(after.task_id)]

    async def test_a_status_holds_no_words_of_outsiders(self, books: Books) -> None:
        await books.commit(books.sender.asks("k1", text="<!channel> now", title="<!here>"))
        applied = await books.verdict(control(books, Verb.STATUS, "c"))
        assert "<" not in applied.told

    async def test_approve_is_not_built(self, books: Books) -> None:
        await books.commit(books.sender.asks("k1"))
        assert await books.verdict(control(books, Verb.APPROVE, "c")) == Passed("control_unavailable")
        assert (await books.keys()).keys() == {"k1"}


class RetryContract(StoreTests):
    """A retry queues the newest task that failed."""

    @pytest.mark.parametrize("state", ["failed", "dead"])
    async def test_the_newest_failed_one_is_queued_again(self, books: Books, state: str) -> None:
        first, second, other = (
            books.sender.asks("k1"),
            books.sender.asks("k2"),
            books.sender.asks("k3", conversation=PR),
        )
        await books.commit(first, second, other)
        for asked in (first, second, other):
            await books.change(asked, state=state, fence=1, tries=3, lost_count=3)
        committed = await books.commit(retry := control(books, Verb.RETRY, "c"))
        assert committed.verdicts == [Applied("retry", second.task_id)]
        assert [queued.task_id for queued in committed.changed.queued] == [second.task_id]
        assert await books.states() == [state, "queued", state]
        assert await books.rows(TaskRow.id, TaskRow.tries, TaskRow.lost_count) == [
            (first.task_id, 3, 3),
            (second.task_id, 0, 0),
            (other.task_id, 3, 3),
        ]
        expected = (retry.receipt.id, {"reason": "redriven", "cause": "asked"})
        assert await data_of(books, "task.queued") == [expected]
        assert await books.verdict(control(books, Verb.RETRY, "c")) == Duplicate(second.task_id)

    async def test_a_button_retries_its_task_and_reaches_no_other_conversation(self, books: Books) -> None:
        first, second, other = (
            books.sender.asks("k1"),
            books.sender.asks("k2"),
            books.sender.asks("k3", conversation=PR),
        )
        await books.commit(first, second, other)
        for asked in (first, second, other):
            await books.change(asked, state="failed", fence=1)
        retry = control(books, Verb.RETRY, "c", task_id=first.task_id)
        assert await books.verdict(retry) == Applied("retry", first.task_id)
        elsewhere = control(books, Verb.RETRY, "d", task_id=other.task_id)
        assert await books.verdict(elsewhere) == Passed("nothing_to_retry")

    @pytest.mark.parametrize("state", ["queued", "running", "waiting", "succeeded", "cancelled"])
    async def test_there_may_be_nothing_to_retry(self, books: Books, state: str) -> None:
        await books.commit(first := books.sender.asks("k1"))
        await books.change(first, state=state)
        assert await books.verdict(control(books, Verb.RETRY, "c")) == Passed("nothing_to_retry")
        assert await books.states() == [state]
        assert (await books.keys()).keys() == {"k1"}

    async def test_a_cancel_after_a_retry_meets_it(self, books: Books) -> None:
        await books.commit(first := books.sender.asks("k1"))
        await books.change(first, state="failed", fence=1)
        verdicts = await books.verdicts(control(books, Verb.RETRY, "c"), books.sender.cancels("d"))
        assert verdicts == [Applied("retry", first.task_id), Applied("cancel", first.task_id)]
        assert await books.states() == ["cancelled"]


class ReplaceContract(StoreTests):
    """A new push takes the place of the push before, as long as that has not started."""

    async def test_what_waits_is_replaced(self, books: Books) -> None:
        await books.commit(old := books.sender.asks("k1", **PUSH))
        committed = await books.commit(new := books.sender.asks("k2", **PUSH))
        assert committed.verdicts == [Accepted(new.task_id)]
        assert committed.changed.removed == [old.task_id]
        stored = await books.rows(TaskRow.id, TaskRow.state, TaskRow.outcome)
        assert stored == [
            (old.task_id, "cancelled", f"cancelled: replaced by {new.task_id}"),
            (new.task_id, "queued", None),
        ]
        assert await books.events(old.task_id) == ["task.created", "task.cancelled"]
        assert await books.events(new.task_id) == ["task.created", "task.took_place"]
        assert await data_of(books, "task.took_place") == [(new.receipt.id, {"of": [old.task_id]})]
        assert await books.verdict(books.sender.asks("k1", **PUSH)) == Duplicate(old.task_id)

    @pytest.mark.parametrize(
        "other", [{"conversation": PR}, {"trigger": Trigger.MENTION}, {"replaces": False}]
    )
    async def test_what_is_not_alike_stays(self, books: Books, other: dict) -> None:
        await books.commit(books.sender.asks("k1", **{**PUSH, "conversation": CONVERSATION}))
        await books.commit(books.sender.asks("k2", **{**PUSH, **other}))
        assert await books.states() == ["queued", "queued"]

    @pytest.mark.parametrize(("state", "fence"), [("running", 1), ("scheduled", 1), ("succeeded", 1)])
    async def test_what_has_started_stays(self, books: Books, state: str, fence: int) -> None:
        await books.commit(old := books.sender.asks("k1", **PUSH))
        await books.change(old, state=state, fence=fence)
        await books.commit(books.sender.asks("k2", **PUSH))
        assert await books.states() == [state, "queued"]

    async def test_pushes_of_one_batch_leave_the_last(self, books: Books) -> None:
        batch = [books.sender.asks(f"k{number}", **PUSH) for number in range(3)]
        assert await books.verdicts(*batch) == [Accepted(each.task_id) for each in batch]
        assert await books.states() == ["cancelled", "cancelled", "queued"]

    async def test_another_rule_is_not_replaced(self, books: Books) -> None:
        await books.commit(old := books.sender.asks("k1", **PUSH))
        async with books.database.write() as connection:
            await connection.execute(update(TaskRow).where(TaskRow.id == old.task_id).values(rule="other"))
        await books.commit(books.sender.asks("k2", **PUSH))
        assert await books.states() == ["queued", "queued"]
