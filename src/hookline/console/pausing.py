"""`hookline queue pause` and `hookline queue resume`."""

from hookline.console.at_queue import controls, tell_unheard
from hookline.console.operator import operator
from hookline.console.presentation import margin, neutral, print_json, print_lines, screen, told
from hookline.console.queue_stats import pause_json
from hookline.console.running import Desk, run_at_desk
from hookline.domain.errors import ConfigurationError
from hookline.domain.pauses import Pause
from hookline.domain.queue import EVERY_LANE
from hookline.domain.reading import TaskFilter
from hookline.domain.text import NAME_LIMIT, clean


def pause(lane: str | None, reason: str | None, *, as_json: bool) -> None:
    """Pause everything, or one lane; an earlier pause stays as it is.

    Raises:
        ConfigurationError: no lane can be called so.
    """
    scope = _scope_of(lane)

    async def work(desk: Desk) -> None:
        await _warn_of_strangers(desk, lane)
        async with controls(desk) as opened:
            done = await opened.operating.pause(scope, operator(), reason)
        tell_unheard(has_queue_heard=done.has_queue_heard)
        if as_json:
            print_json(screen(), {"pause": pause_json(done.pause), "is_new": done.is_new})
            return
        begins = f"{_named(scope)} paused" if done.is_new else f"{_named(scope)} paused already"
        print_lines(screen(), (f"{begins}, {_since(done.pause)}",))

    run_at_desk(work)


def resume(lane: str | None, *, as_json: bool) -> None:
    """Take a pause back; one that nobody made is none the worse.

    Raises:
        ConfigurationError: no lane can be called so.
    """
    scope = _scope_of(lane)

    async def work(desk: Desk) -> None:
        async with controls(desk) as opened:
            done = await opened.operating.resume(scope, operator())
            left = await opened.pauses.pauses()
        tell_unheard(has_queue_heard=done.has_queue_heard)
        if as_json:
            ended = None if done.ended is None else pause_json(done.ended)
            print_json(screen(), {"ended": ended, "pauses": [pause_json(each) for each in left]})
            return
        was = "was not paused" if done.ended is None else f"was paused {_since(done.ended)}, and goes on"
        print_lines(screen(), (f"{neutral(lane or 'the queue')} {was}",))
        print_lines(margin(), (f"still paused: {neutral(each.scope)}" for each in left))

    run_at_desk(work)


def _scope_of(lane: str | None) -> str:
    if lane is None:
        return EVERY_LANE
    if lane in {"", EVERY_LANE} or len(lane) > NAME_LIMIT or clean(lane) != lane:
        raise ConfigurationError(
            "no lane is called so; `hookline queue stats` tells lanes, and without --lane everything is meant"
        )
    return lane


async def _warn_of_strangers(desk: Desk, lane: str | None) -> None:
    if lane is not None and not (await desk.insights.tasks(TaskFilter(lane=lane), None, 1)).items:
        print_lines(margin(), (f"no task of {neutral(lane)} has been seen so far",))


def _named(scope: str) -> str:
    return "everything is" if scope == EVERY_LANE else f"{neutral(scope)} is"


def _since(made: Pause) -> str:
    why = "" if made.reason is None else f": {neutral(made.reason)}"
    return f"since {told(made.since)} by {neutral(made.paused_by)}{why}"
