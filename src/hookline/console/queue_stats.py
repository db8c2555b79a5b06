"""`hookline queue stats`: what waits and runs, by lane and band, on which terms, and what is paused."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from hookline.clock import utc_now
from hookline.console.at_queue import Controls, controls
from hookline.console.presentation import Column, lasted, screen, told
from hookline.console.running import Desk, run_at_desk
from hookline.console.watching import Sheet
from hookline.console.watching import show as show_sheet
from hookline.domain.command import Band
from hookline.domain.pauses import Pause
from hookline.domain.queue import EVERY_LANE, LaneDepth, LaneTerms, QueueStats, Terms
from hookline.settings import Settings

_COLUMNS = (
    Column("lane", fixed=False),
    Column("band"),
    Column("waiting"),
    Column("oldest"),
    Column("running"),
    Column("cap"),
    Column("weight"),
    Column("paused", styles={"paused": "yellow"}),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """The queue and its pauses at one moment."""

    at: datetime
    stats: QueueStats
    pauses: Sequence[Pause]
    terms: LaneTerms

    def lanes(self, only: str | None) -> Sequence[str]:
        """Lanes of which something waits or runs, or that are paused."""
        paused = {pause.scope for pause in self.pauses} - {EVERY_LANE}
        known = {depth.lane for depth in self.stats.waiting} | self.stats.running.keys() | paused
        return sorted(known if only is None else known & {only})

    def depths(self, lane: str) -> Sequence[LaneDepth]:
        """What waits of a lane, best band first."""
        return [depth for depth in self.stats.waiting if depth.lane == lane]

    def is_paused(self, lane: str) -> bool:
        """Whether nothing of a lane is given out."""
        return not {pause.scope for pause in self.pauses}.isdisjoint({lane, EVERY_LANE})

    def age(self, since: datetime | None) -> float | None:
        """How many seconds ago that was."""
        return None if since is None else max((self.at - since).total_seconds(), 0.0)


def show(lane: str | None, every_seconds: float | None, *, as_json: bool) -> None:
    """Show it once, or again and again."""

    async def work(desk: Desk) -> None:
        async with controls(desk) as opened:
            await show_sheet(
                screen(), lambda: _look(desk.settings, opened, lane), every_seconds, as_json=as_json
            )

    run_at_desk(work)


async def _look(settings: Settings, opened: Controls, lane: str | None) -> Sheet:
    stats, pauses = await opened.queue.stats(), await opened.pauses.pauses()
    seen = Seen(utc_now(), stats, pauses, settings.terms_of)
    lanes = seen.lanes(lane)
    return Sheet(
        head=list(_head(seen, lanes)),
        columns=_COLUMNS,
        rows=[row for name in lanes for row in _rows(seen, name)],
        value=_as_json(seen, lanes),
    )


def _head(seen: Seen, lanes: Sequence[str]) -> Iterable[str]:
    waiting = sum(depth.waiting for lane in lanes for depth in seen.depths(lane))
    running = sum(seen.stats.running.get(lane, 0) for lane in lanes)
    yield f"{told(seen.at)}  waiting {waiting}, running {running}, not due yet {seen.stats.delayed}"
    bands = (f"{band.name.lower()} {_words(seen, *_sum(seen, lanes, band))}" for band in Band)
    yield ", ".join(bands)
    yield from (_pause_line(pause) for pause in seen.pauses if pause.scope in {EVERY_LANE, *lanes})


def _sum(seen: Seen, lanes: Iterable[str], band: Band) -> tuple[int, datetime | None]:
    depths = [depth for lane in lanes for depth in seen.depths(lane) if depth.band is band]
    since = [depth.oldest_accepted_at for depth in depths if depth.oldest_accepted_at is not None]
    return sum(depth.waiting for depth in depths), min(since, default=None)


def _words(seen: Seen, waiting: int, since: datetime | None) -> str:
    age = seen.age(since)
    return f"{waiting}" if age is None else f"{waiting} (oldest {lasted(age)})"


def _pause_line(pause: Pause) -> str:
    what = "everything" if pause.scope == EVERY_LANE else pause.scope
    why = "" if pause.reason is None else f": {pause.reason}"
    return f"paused: {what}, since {told(pause.since)} by {pause.paused_by or 'unknown'}{why}"


def _rows(seen: Seen, lane: str) -> Iterable[Sequence[str]]:
    terms = seen.terms(lane)
    running = str(seen.stats.running.get(lane, 0))
    paused = "paused" if seen.is_paused(lane) else ""
    tail = (running, _cap(terms), f"{terms.weight:g}", paused)
    depths = seen.depths(lane)
    for depth in depths:
        age = seen.age(depth.oldest_accepted_at)
        oldest = "" if age is None else lasted(age)
        yield (lane, depth.band.name.lower(), str(depth.waiting), oldest, *tail)
    if not depths:
        yield (lane, "", "0", "", *tail)


def _cap(terms: Terms) -> str:
    return str(terms.cap) if terms.cap else ""


def _as_json(seen: Seen, lanes: Sequence[str]) -> JsonValue:
    running = sum(seen.stats.running.get(lane, 0) for lane in lanes)
    return {
        "at": seen.at.isoformat(),
        "running": running,
        "delayed": seen.stats.delayed,
        "bands": [_depth_json(seen, band, *_sum(seen, lanes, band)) for band in Band],
        "lanes": [_lane_json(seen, lane) for lane in lanes],
        "pauses": [pause_json(pause) for pause in seen.pauses],
    }


def _lane_json(seen: Seen, lane: str) -> JsonValue:
    terms = seen.terms(lane)
    depths = seen.depths(lane)
    return {
        "lane": lane,
        "running": seen.stats.running.get(lane, 0),
        "cap": terms.cap or None,
        "weight": terms.weight,
        "is_paused": seen.is_paused(lane),
        "bands": [_depth_json(seen, each.band, each.waiting, each.oldest_accepted_at) for each in depths],
    }


def _depth_json(seen: Seen, band: Band, waiting: int, since: datetime | None) -> JsonValue:
    return {
        "band": band.name.lower(),
        "waiting": waiting,
        "oldest_accepted_at": None if since is None else since.isoformat(),
        "oldest_age_seconds": seen.age(since),
    }


def pause_json(pause: Pause) -> JsonValue:
    """A pause as commands print it."""
    return {
        "scope": pause.scope,
        "since": pause.since.isoformat(),
        "paused_by": pause.paused_by,
        "reason": pause.reason,
    }
