"""`hookline tasks log`: the story of a task, and what is added to it while one watches."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from pydantic import JsonValue, TypeAdapter
from rich.console import Console

from hookline.console.presentation import plain, print_json, print_lines, screen
from hookline.console.running import Desk, run_at_desk
from hookline.console.story import line_of
from hookline.core.insights import Insights
from hookline.core.log_lines import LogLine
from hookline.domain.task import FINISHED_STATES

LOOK_AGAIN = timedelta(milliseconds=500)

_LINE: TypeAdapter[LogLine] = TypeAdapter(LogLine)


def show(reference: str, *, follow: bool, as_json: bool) -> None:
    """Print a task's log; with `follow` go on until the task is over."""
    out = screen()

    def tell(line: LogLine) -> None:
        _tell(out, line, as_json=as_json)

    async def work(desk: Desk) -> None:
        if follow:
            await follow_story(desk.insights, reference, tell, asyncio.sleep)
            return
        for line in await desk.insights.story(reference):
            tell(line)

    run_at_desk(work)


async def follow_story(
    insights: Insights,
    reference: str,
    tell: Callable[[LogLine], None],
    sleep: Callable[[float], Awaitable[None]],
) -> None:
    """Tell every line once, in order, until the task is over and all of its lines are told.

    Args:
        insights: where the story is read.
        reference: the task's id, or a beginning of it that no other has.
        tell: takes each line.
        sleep: waits for some seconds between two looks.

    Raises:
        NotFoundError: there is no such task.
    """
    seen = 0
    while True:
        detail = await insights.task(reference)
        for line in await insights.story(detail.task.id):
            if line.seq > seen:
                tell(line)
                seen = line.seq
        if detail.task.state in FINISHED_STATES:
            return
        await sleep(LOOK_AGAIN.total_seconds())


def _tell(out: Console, line: LogLine, *, as_json: bool) -> None:
    if as_json:
        value: JsonValue = plain(_LINE, line)
        print_json(out, value, indent=None)
        return
    print_lines(out, (line_of(line),))
