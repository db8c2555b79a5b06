"""How commands end: with one sentence and an exit code.

Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 130 interrupted. Imports no part of a gateway.
"""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress

import typer

from hookline.console.presentation import margin, neutral, print_lines
from hookline.domain.errors import ConfigurationError, HooklineError

FAILED = 1
MISUSED = 2
INTERRUPTED = 130


@contextmanager
def clear_errors() -> Generator[None]:
    """Turn what may go wrong into one sentence and an exit code.

    Raises:
        typer.Exit: something went wrong, and was told.
    """
    try:
        yield
        _ = sys.stdout.flush()
    except ConfigurationError as error:
        _complain(str(error))
        raise typer.Exit(MISUSED) from None
    except HooklineError as error:
        _complain(str(error))
        raise typer.Exit(FAILED) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        _close_stdout()
        raise typer.Exit from None
    except OSError as error:
        _complain(str(error))
        raise typer.Exit(FAILED) from None


def _complain(sentence: str) -> None:
    print_lines(margin(), (f"hookline: {neutral(sentence)}",))


def _close_stdout() -> None:
    """Let the end of the process flush into nothing."""
    with suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        _ = os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
