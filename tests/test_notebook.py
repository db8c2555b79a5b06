"""The write-behind of deliveries that change nothing: bounded, never waited for, counting what it loses."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from hookline.core.notebook import Notebook, NotebookLimits
from hookline.domain.errors import StorageUnavailableError, UnstorableError
from hookline.domain.intake import Committed, Note, Submission
from submissions import BODY, Sender

AT_ONCE = NotebookLimits(pause_seconds=0)


@dataclass
class Paper:
    """Stores notes in memory; refuses those it is told to, and everything while it is away."""

    refused: set[str] = field(default_factory=set)
    is_away: bool = False
    kept: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def commit(self, batch: Sequence[Submission], /) -> Committed:
        raise NotImplementedError

    async def record(self, notes: Sequence[Note], /) -> None:
        self.sizes.append(len(notes))
        self.changed.set()
        if self.is_away:
            raise StorageUnavailableError("away")
        if any(note.receipt.id in self.refused for note in notes):
            raise UnstorableError("refused")
        self.kept += [note.receipt.id for note in notes]


@dataclass
class Tally:
    """Counts what was dropped."""

    lost: int = 0

    def committed(self, size: int, seconds: float, /) -> None:
        raise NotImplementedError

    def dropped(self, count: int, /) -> None:
        self.lost += count


def notes(count: int) -> list[Note]:
    sender = Sender()
    return [sender.ignored() for _ in range(count)]


def ids(written: Sequence[Note]) -> list[str]:
    return [note.receipt.id for note in written]


async def test_notes_are_written_in_batches_and_in_their_order() -> None:
    paper, tally = Paper(), Tally()
    book = Notebook(paper, tally, NotebookLimits(batch=2))
    for note in (many := notes(5)):
        book.add(note)
    await book.flush()
    assert (paper.kept, paper.sizes, tally.lost) == (ids(many), [2, 2, 1], 0)


async def test_what_does_not_fit_is_counted_and_room_comes_back() -> None:
    for limits in (NotebookLimits(notes=2), NotebookLimits(bytes=2 * len(BODY))):
        paper, tally = Paper(), Tally()
        book = Notebook(paper, tally, limits)
        many = notes(4)
        for note in many[:3]:
            book.add(note)
        await book.flush()
        book.add(many[3])
        await book.flush()
        assert (paper.kept, tally.lost) == (ids([many[0], many[1], many[3]]), 1)


async def test_one_that_the_database_refuses_takes_no_other_with_it() -> None:
    many = notes(5)
    paper, tally = Paper(refused={many[2].receipt.id}), Tally()
    book = Notebook(paper, tally)
    for note in many:
        book.add(note)
    await book.flush()
    assert (paper.kept, tally.lost) == (ids([*many[:2], *many[3:]]), 1)


async def test_what_cannot_be_written_is_kept_until_the_database_is_back() -> None:
    paper, tally = Paper(is_away=True), Tally()
    book = Notebook(paper, tally, AT_ONCE)
    book.start()
    book.add(note := notes(1)[0])
    await paper.changed.wait()
    assert paper.kept == []
    paper.is_away = False
    await book.stop()
    assert (paper.kept, tally.lost) == (ids([note]), 0)


async def test_stopping_does_not_wait_for_a_database_that_is_away() -> None:
    book = Notebook(Paper(is_away=True), Tally(), AT_ONCE)
    book.start()
    book.add(notes(1)[0])
    await book.stop()
