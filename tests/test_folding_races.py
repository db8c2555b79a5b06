"""Follow-ups that are edited, withdrawn or cancelled at the moment a start would absorb them."""

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from random import Random
from typing import TypeAlias

import pytest
from sqlalchemy import select

from hookline.domain.delivery import Applied, Passed, Verdict
from hookline.domain.ids import TaskId
from hookline.domain.intake import Submission
from hookline.domain.lifecycle import Over, Parked, Run, StartAnswer
from hookline.domain.rules import Caps, Plan
from hookline.storage import starting
from hookline.storage.database import Database, open_database
from hookline.storage.ingest import SqlIngestStore
from hookline.storage.lifecycle import SqlLifecycleStore
from hookline.storage.models import TaskRow, WordsRow
from lives import Office
from submissions import LANE, PLAN

FOLDS = replace(PLAN, folds=True)
FOLDS_APART = replace(FOLDS, agent="another")
AT_ONCE = 5
EDITED, EDITED_APART = "edited", "edited so that it would run otherwise"
PLACES = 8
FOLLOW_UPS = 4

pytestmark = pytest.mark.integration

Rows: TypeAlias = dict[TaskId, tuple[str, int, str, str | None]]


@dataclass
class Place:
    """A conversation: a task, its follow-ups, and what intake and starts answered about them."""

    first: Submission
    follow_ups: Sequence[Submission]
    said: dict[TaskId, Verdict] = field(default_factory=dict)
    started: list[StartAnswer] = field(default_factory=list)


class Street:
    """Several conversations on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self.office = Office(database, SqlLifecycleStore(database))
        self.database = database
        self.places: list[Place] = []

    async def settle(self) -> None:
        for number in range(PLACES):
            asked = [self.asked(number, at) for at in range(FOLLOW_UPS + 1)]
            await self.office.intake.commit(asked)
            self.places.append(Place(asked[0], asked[1:]))

    def asked(self, number: int, at: int) -> Submission:
        return self.office.sender.asks(
            f"asked-{number}-{at}",
            conversation=f"{LANE}#{number}",
            origin=f"{LANE}:comment/{number}-{at}",
            plan=FOLDS,
            text=f"text {at}",
        )

    async def start(self, place: Place) -> None:
        """The task and one of its follow-ups are claimed at once, as lanes of their own would be."""
        claims = [self.office.claim(place.first.task_id), self.office.claim(place.follow_ups[-1].task_id)]
        place.started += await self.office.start(*claims)

    async def start_one(self, place: Place, task: Submission) -> None:
        place.started.append(await self.office.start_one(task.task_id))

    async def change(self, place: Place, task: Submission, change: Submission) -> None:
        committed = await self.office.intake.commit([change])
        place.said[task.task_id] = committed.verdicts[0]

    def edit(self, task: Submission, text: str, plan: Plan) -> Submission:
        facts = task.outcome.facts
        return self.office.sender.edits(
            f"edit-{task.task_id}",
            conversation=facts.conversation,
            origin=facts.origin,
            revises=task.outcome.keys[0],
            plan=plan,
            text=text,
        )

    async def rows(self) -> Rows:
        query = select(TaskRow.id, TaskRow.state, TaskRow.fence, TaskRow.text, TaskRow.outcome)
        async with self.database.read() as connection:
            return {row[0]: tuple(row[1:]) for row in await connection.execute(query)}

    async def words_of(self, task_id: TaskId) -> Sequence[str]:
        query = select(WordsRow.text).where(WordsRow.task_id == task_id).order_by(WordsRow.delivery_id)
        async with self.database.read() as connection:
            return list((await connection.execute(query)).scalars())


@pytest.fixture
async def street(postgres_database: Database) -> Street:
    made = Street(postgres_database)
    await made.settle()
    return made


async def all_at_once(work: Sequence[Coroutine[None, None, None]]) -> None:
    turns = asyncio.Semaphore(AT_ONCE)

    async def in_turn(one: Coroutine[None, None, None]) -> None:
        async with turns:
            await one

    await asyncio.gather(*map(in_turn, work))


def changes_to(street: Street, task: Submission) -> list[Submission]:
    """An edit, an edit after which it would run otherwise, a deletion and a cancel."""
    facts, sender = task.outcome.facts, street.office.sender
    return [
        street.edit(task, EDITED, FOLDS),
        street.edit(task, EDITED_APART, FOLDS_APART),
        sender.withdraws(f"gone-{task.task_id}", origin=facts.origin),
        sender.cancels(f"stop-{task.task_id}", conversation=facts.conversation, task_id=task.task_id),
    ]


def check_place(place: Place, rows: Rows, words: Sequence[str]) -> None:
    """The first task runs; each follow-up is part of it, or is what its change made of it."""
    (ran, other) = place.started
    assert isinstance(ran, Run)
    assert rows[place.first.task_id] == ("running", 1, "text 0", None)
    expected = []
    for at, task in enumerate(place.follow_ups, 1):
        verdict, row = place.said[task.task_id], rows[task.task_id]
        if task.task_id in ran.folded:
            assert row[:2] == ("cancelled", 0)
            assert row[3] == f"folded into {place.first.task_id}"
            assert isinstance(verdict, Passed) or verdict == Applied("revise", task.task_id)
            expected.append(f"text {at}" if isinstance(verdict, Passed) else EDITED)
        elif verdict == Applied("revise", task.task_id):
            assert row == ("queued", 0, EDITED_APART, None)
        else:
            assert isinstance(verdict, Applied)
            assert row[:2] == ("cancelled", 0)
            assert row[3].startswith("cancelled: ")
    assert words == expected
    last = place.follow_ups[-1].task_id
    assert isinstance(other, Parked if rows[last][0] == "queued" else Over)


@pytest.mark.parametrize("seed", range(3))
async def test_whoever_commits_first_wins_and_no_words_are_lost(street: Street, seed: int) -> None:
    chance = Random(seed)
    work: list[Coroutine[None, None, None]] = []
    for place in street.places:
        kinds = chance.sample(range(FOLLOW_UPS), FOLLOW_UPS)
        changes = [
            (task, changes_to(street, task)[kind]) for task, kind in zip(place.follow_ups, kinds, strict=True)
        ]
        here = [street.start(place), *(street.change(place, task, change) for task, change in changes)]
        work += chance.sample(here, len(here))
    await all_at_once(work)
    rows = await street.rows()
    for place in street.places:
        check_place(place, rows, await street.words_of(place.first.task_id))
    verdicts = [verdict for place in street.places for verdict in place.said.values()]
    assert {type(verdict) for verdict in verdicts} == {Applied, Passed}


@pytest.mark.parametrize("kind", range(FOLLOW_UPS))
async def test_a_change_between_the_look_and_the_lock_of_a_start_is_heeded(
    street: Street, monkeypatch: pytest.MonkeyPatch, kind: int
) -> None:
    place, look = street.places[0], starting._foldable
    changed = place.follow_ups[0]
    change = changes_to(street, changed)[kind]
    elsewhere = open_database(street.database.url.render_as_string(hide_password=False))

    async def commit() -> None:
        await SqlIngestStore(elsewhere, Caps()).commit([change])
        await elsewhere.close()

    def look_and_let_it_change(*given: object) -> Sequence[TaskId]:
        found = look(*given)
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, commit()).result()
        return found

    monkeypatch.setattr(starting, "_foldable", look_and_let_it_change)
    await street.start(place)
    row = (await street.rows())[changed.task_id]
    unchanged = [task.task_id for task in place.follow_ups[1:]]
    if kind == 0:
        assert place.started[0].folded == (changed.task_id, *unchanged)
        assert (await street.words_of(place.first.task_id))[0] == EDITED
    else:
        assert place.started[0].folded == tuple(unchanged)
        assert row[:2] == (("queued", 0) if kind == 1 else ("cancelled", 0))


async def test_a_claim_of_what_was_folded_a_moment_ago_does_not_run_it(street: Street) -> None:
    work = []
    for place in street.places:
        work += [street.start_one(place, task) for task in (place.first, *place.follow_ups)]
    await all_at_once(Random(0).sample(work, len(work)))
    rows = await street.rows()
    for place in street.places:
        (ran,) = [answer for answer in place.started if isinstance(answer, Run)]
        for task in (place.first, *place.follow_ups):
            state, fence, _, outcome = rows[task.task_id]
            is_folded = task.task_id in ran.folded
            assert (outcome == f"folded into {ran.task_id}") == (state == "cancelled") == is_folded
            assert fence == (task.task_id == ran.task_id)
