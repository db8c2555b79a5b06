"""Duties: one holder at a time, taken over when it is silent."""

import asyncio
from datetime import timedelta

from hookline.core.duty import Duty
from hookline.storage.database import Database
from hookline.storage.duties import SqlDuties
from submissions import Clockwork


async def test_one_holder_has_a_duty(database: Database) -> None:
    clock = Clockwork()
    duties, term = SqlDuties(database, clock), timedelta(seconds=30)
    asked = await asyncio.gather(*(duties.hold("log", f"gateway-{n}", term) for n in range(5)))
    assert asked.count(True) == 1
    holder, other = f"gateway-{asked.index(True)}", f"gateway-{asked.index(False)}"
    clock.advance(timedelta(seconds=20))
    assert await duties.hold("log", holder, term)
    clock.advance(timedelta(seconds=29))
    assert not await duties.hold("log", other, term)
    assert await duties.hold("relay", other, term)
    clock.advance(timedelta(seconds=1))
    assert await duties.hold("log", other, term)
    assert not await duties.hold("log", holder, term)
    await duties.release("log", holder)
    assert not await duties.hold("log", holder, term)
    await duties.release("log", other)
    assert await duties.hold("log", holder, term)


async def test_a_process_knows_its_duty_without_asking(database: Database) -> None:
    clock = Clockwork()
    mine, yours = (Duty(SqlDuties(database, clock), "log", name, clock) for name in ("mine", "yours"))
    assert not mine.is_held
    assert await mine.hold()
    assert not await yours.hold()
    clock.advance(timedelta(seconds=29))
    assert mine.is_held
    assert await mine.hold()
    clock.advance(timedelta(seconds=30))
    assert not mine.is_held
    assert await yours.hold()
    assert not await mine.hold()
    await yours.release()
    clock.advance(timedelta(seconds=3))
    assert await mine.hold()
