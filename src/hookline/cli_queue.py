"""`hookline queue …`, and the commands that change tasks; what is done stands in `hookline.console`."""

from typing import Annotated

import typer

from hookline import console
from hookline.cli_options import (
    EVERY_SECONDS,
    AsJson,
    Interval,
    Lane,
    Provider,
    TaskRefs,
    Watch,
    clearly,
)

queue_app = typer.Typer(help="Look at the queue, pause it, and queue tasks again.", no_args_is_help=True)

OneLane = Annotated[str | None, typer.Option("--lane", help="Only this lane, as github:octo/app.")]
Why = Annotated[str | None, typer.Option("--reason", help="Why, for those who wonder later.")]


@queue_app.command("stats")
@clearly
def stats(
    lane: OneLane = None, watch: Watch = False, interval: Interval = EVERY_SECONDS, as_json: AsJson = False
) -> None:
    """Show what waits and what runs, by lane and band, and what is paused."""
    console.queue_stats.show(lane, interval if watch else None, as_json=as_json)


@queue_app.command("pause")
@clearly
def pause(lane: OneLane = None, reason: Why = None, as_json: AsJson = False) -> None:
    """Give out no tasks, or none of a lane, until it is resumed; what runs goes on."""
    console.pausing.pause(lane, reason, as_json=as_json)


@queue_app.command("resume")
@clearly
def resume(lane: OneLane = None, as_json: AsJson = False) -> None:
    """Take back the pause of the whole queue, or that of a lane."""
    console.pausing.resume(lane, as_json=as_json)


@queue_app.command("redrive")
@clearly
def redrive(
    tasks: Annotated[
        list[str] | None, typer.Argument(metavar="ID", help="These tasks, whatever the filters.")
    ] = None,
    state: Annotated[list[str] | None, typer.Option(help="failed or dead; without it both.")] = None,
    provider: Provider = None,
    lane: Lane = None,
    since: Annotated[
        str | None, typer.Option(help="Only those that ended since then: 90m, 24h, 7d, or 2026-03-01.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All failed and dead tasks.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Only show which tasks it would be.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask when there are several.")] = False,
    as_json: AsJson = False,
) -> None:
    """Queue tasks again that failed or are dead: some by id, or those that filters name."""
    wanted = console.redriving.Wanted(
        tuple(tasks or ()), tuple(state or ()), provider, lane, since, is_every=every
    )
    console.redriving.redrive(wanted, dry_run=dry_run, yes=yes, as_json=as_json)


def cancel(tasks: TaskRefs, reason: Why = None, as_json: AsJson = False) -> None:
    """Cancel tasks: one that waits ends, the worker of one that runs is told to stop."""
    console.task_changes.cancel(tasks, reason, as_json=as_json)


def retry(tasks: TaskRefs, as_json: AsJson = False) -> None:
    """Queue tasks again that failed or are dead, with their failures forgotten."""
    console.task_changes.retry(tasks, as_json=as_json)


def add_changes(tasks_app: typer.Typer) -> None:
    """Add the commands that change tasks to those that look at them."""
    _ = tasks_app.command()(clearly(cancel))
    _ = tasks_app.command()(clearly(retry))
