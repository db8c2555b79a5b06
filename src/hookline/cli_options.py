"""What commands have in common: how they end, and options that mean the same everywhere."""

from collections.abc import Callable
from functools import wraps
from typing import Annotated, ParamSpec

import typer

from hookline import console

ParametersT = ParamSpec("ParametersT")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Provider = Annotated[str | None, typer.Option(help="Only of this provider.")]
Lane = Annotated[str | None, typer.Option(help="Only of this lane, as github:octo/app.")]
Limit = Annotated[int, typer.Option(min=1, max=200, help="How many at most.")]
Cursor = Annotated[str | None, typer.Option(help="Go on where the page before ended.")]
TaskRef = Annotated[str, typer.Argument(metavar="ID", help="A task's id, or enough of its beginning.")]
TaskRefs = Annotated[list[str], typer.Argument(metavar="ID", help="Tasks, by id or enough of its beginning.")]
Watch = Annotated[
    bool, typer.Option("--watch", "-w", help="Show it again and again, until Ctrl-C; on a terminal in place.")
]
Interval = Annotated[float, typer.Option(min=0.1, help="Seconds between two looks of --watch.")]
EVERY_SECONDS = 2.0


def clearly(command: Callable[ParametersT, None]) -> Callable[ParametersT, None]:
    """Let a command end with one sentence and an exit code, whatever goes wrong."""

    @wraps(command)
    def run(*args: ParametersT.args, **kwargs: ParametersT.kwargs) -> None:
        with console.ending.clear_errors():
            command(*args, **kwargs)

    return run
