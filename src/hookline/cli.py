"""The command line, `hookline`: what can be asked for; what is done stands in `hookline.console`."""

import io
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from hookline import console
from hookline.cli_options import (
    EVERY_SECONDS,
    AsJson,
    Cursor,
    Interval,
    Lane,
    Limit,
    Provider,
    TaskRef,
    Watch,
)
from hookline.cli_options import clearly as _clearly
from hookline.cli_queue import add_changes, queue_app
from hookline.domain.errors import ConfigurationError
from hookline.domain.retention import MOST_DAYS

app = typer.Typer(
    name="hookline",
    help="Turns signed webhooks of GitHub, Jira, Slack and Sentry into durable tasks for coding agents.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
tasks_app = typer.Typer(help="Look at tasks, cancel them, and try them again.", no_args_is_help=True)
deliveries_app = typer.Typer(help="Look at webhooks, and why each did what it did.", no_args_is_help=True)
db_app = typer.Typer(help="Look after the database.", no_args_is_help=True)
workers_app = typer.Typer(help="Let workers claim tasks, or no more.", no_args_is_help=True)
app.add_typer(tasks_app, name="tasks")
app.add_typer(deliveries_app, name="deliveries")
app.add_typer(db_app, name="db")
app.add_typer(workers_app, name="workers")
app.add_typer(queue_app, name="queue")

DeliveryRef = Annotated[
    str, typer.Argument(metavar="ID", help="A delivery's id, or enough of its beginning.")
]
Days = int | None
SETTING = r"in days, in place of \[retention] in hookline.toml"


def _tell_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(version("hookline"))
        raise typer.Exit


@app.callback()
def everywhere(
    _version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Turns signed webhooks of GitHub, Jira, Slack and Sentry into durable tasks for coding agents."""


@app.command()
@_clearly
def serve(
    host: Annotated[str | None, typer.Option(help="Address of the public listener.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port of the public listener.")] = None,
    admin_host: Annotated[str | None, typer.Option(help="Address of the admin listener.")] = None,
    admin_port: Annotated[int | None, typer.Option(min=0, max=65535, help="Its port.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that take webhooks.")] = None,
) -> None:
    """Receive webhooks until SIGTERM or Ctrl-C."""
    console.serve.serve(host, port, admin_host, admin_port, workers)


@app.command()
@_clearly
def send(
    provider: Annotated[str | None, typer.Argument(help="Who seems to send, as github.")] = None,
    event: Annotated[str | None, typer.Argument(help="What, as issue_comment.")] = None,
    text: Annotated[str | None, typer.Option(help="What the person says.")] = None,
    action: Annotated[str | None, typer.Option(help="Another action of the event.")] = None,
    source: Annotated[str, typer.Option(help="Another source of the provider.")] = "default",
    url: Annotated[str | None, typer.Option(help="Another gateway, as https://hooks.example.com.")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many, each of another subject.")] = 1,
    secret_env: Annotated[str | None, typer.Option(metavar="VAR", help="Sign with this variable.")] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="PATH=VALUE", help="Change the payload, as issue.number=12; may be repeated."
        ),
    ] = None,
    only_print: Annotated[bool, typer.Option("--print", help="Print it instead of posting it.")] = False,
    list_events: Annotated[bool, typer.Option("--list", help="List providers and events.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send a signed sample webhook to the gateway, and show its answer."""
    if list_events:
        console.send.show_events(as_json)
        return
    if provider is None or event is None:
        raise ConfigurationError("expected a provider and an event; `hookline send --list` tells them")
    errand = console.sending.Errand(
        provider, event, text, action, source, url, count, secret_env, tuple(change or ())
    )
    console.send.send(errand, only_print=only_print, as_json=as_json)


@app.command()
@_clearly
def replay(
    delivery: DeliveryRef,
    dry_run: Annotated[bool, typer.Option(help="Only show what today's rules would decide.")] = False,
    as_json: AsJson = False,
) -> None:
    """Decide about a stored delivery anew, by today's rules."""
    console.replay.replay(delivery, dry_run=dry_run, as_json=as_json)


@app.command()
@_clearly
def doctor(as_json: AsJson = False) -> None:
    """Say what is wrong, in words, and what to do about it."""
    console.doctor.examine(as_json)


@tasks_app.command("list")
@_clearly
def list_tasks(
    state: Annotated[list[str] | None, typer.Option(help="Only in this state; may be repeated.")] = None,
    provider: Provider = None,
    lane: Lane = None,
    conversation: Annotated[str | None, typer.Option(help="Only of this conversation.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    watch: Watch = False,
    interval: Interval = EVERY_SECONDS,
    as_json: AsJson = False,
) -> None:
    """List tasks, newest first."""
    condition = console.tasks.condition_of(state, provider, lane, conversation)
    console.tasks.show_list(condition, limit, cursor, interval if watch else None, as_json=as_json)


@tasks_app.command("show")
@_clearly
def show_task(task: TaskRef, as_json: AsJson = False) -> None:
    """Show one task with its history and its deliveries."""
    console.tasks.show(task, as_json=as_json)


@tasks_app.command("log")
@_clearly
def show_task_log(
    task: TaskRef,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until it is over.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the log of a task; with --json one object in each line."""
    console.task_log.show(task, follow=follow, as_json=as_json)


add_changes(tasks_app)


@deliveries_app.command("list")
@_clearly
def list_deliveries(
    status: Annotated[str | None, typer.Option(help="As accepted, duplicate, ignored.")] = None,
    provider: Provider = None,
    lane: Lane = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """List webhooks, newest first, with the reason for every decision."""
    condition = console.deliveries.condition_of(status, provider, lane)
    console.deliveries.show_list(condition, limit, cursor, as_json=as_json)


@deliveries_app.command("show")
@_clearly
def show_delivery(
    delivery: DeliveryRef,
    body: Annotated[bool, typer.Option("--body", help="Its body too, which is audited.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Only its body, byte for byte; audited.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one webhook, what it spoke of, and what was decided."""
    console.deliveries.show(delivery, body=body, raw=raw, as_json=as_json)


@workers_app.command("add")
@_clearly
def add_worker(
    name: Annotated[str, typer.Argument(help="A name that no other worker has.")], as_json: AsJson = False
) -> None:
    """Let a worker in, and show its token, which is told only this once."""
    console.workers.add(name, as_json)


@workers_app.command("list")
@_clearly
def list_workers(as_json: AsJson = False) -> None:
    """List workers, revoked ones too."""
    console.workers.show_list(as_json)


@workers_app.command("revoke")
@_clearly
def revoke_worker(name: Annotated[str, typer.Argument(help="The worker's name.")]) -> None:
    """Let a worker's token be worth nothing from now on."""
    console.workers.revoke(name)


@db_app.command("upgrade")
@_clearly
def upgrade_database() -> None:
    """Bring the database to the schema of this version."""
    console.db.upgrade()


@db_app.command("prune")
@_clearly
def prune_database(
    bodies_days: Annotated[
        Days, typer.Option(min=1, max=MOST_DAYS, help=f"Keep bodies this long; {SETTING}.")
    ] = None,
    deliveries_days: Annotated[
        Days, typer.Option(min=1, max=MOST_DAYS, help=f"Keep deliveries without body this long; {SETTING}.")
    ] = None,
    keys_days: Annotated[
        Days,
        typer.Option(min=1, max=MOST_DAYS, help=f"Keep the keys that tell repetitions this long; {SETTING}."),
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Only count what would be forgotten.")] = False,
    as_json: AsJson = False,
) -> None:
    """Forget old bodies, then old deliveries, then old keys; tasks and their stories stay."""
    console.db.prune(bodies_days, deliveries_days, keys_days, dry_run, as_json)


def main() -> None:
    """The entry point; what a terminal's encoding cannot show is replaced."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()


if __name__ == "__main__":
    main()
