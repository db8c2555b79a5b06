"""Tables that are shown again and again: in place on a terminal, below each other elsewhere, until Ctrl-C."""

import io
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable

import pytest
from rich.console import Console

from command_line import HOSTILE, STEERING, Home, empty_home, home
from hookline.console.presentation import Column, lasted
from hookline.console.watching import Sheet, show
from hookline.domain.errors import QueueUnavailableError

__all__ = ["empty_home", "home"]

COLUMNS = (Column("lane", fixed=False), Column("waiting"))
SHOW_CURSOR = b"\x1b[?25h"


class EnoughError(Exception):
    """The looker has seen enough."""


def sleeping(times: int) -> Callable[[float], Awaitable[None]]:
    left = iter(range(times))

    async def sleep(seconds: float) -> None:
        assert seconds == 5
        if next(left, None) is None:
            raise EnoughError

    return sleep


async def seen(looks: list[Sheet | Exception], *, terminal: bool, as_json: bool = False) -> str:
    """What is printed when these are what each look sees."""
    out = Console(file=io.StringIO(), width=60, force_terminal=terminal, color_system=None)
    coming = iter(looks)

    async def look() -> Sheet:
        found = next(coming)
        if isinstance(found, Exception):
            raise found
        return found

    with pytest.raises(EnoughError):
        await show(out, look, 5, as_json=as_json, sleep=sleeping(len(looks) - 1))
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def sheet(number: int, lane: str = "github:octo/app") -> Sheet:
    return Sheet(["at noon"], COLUMNS, [[lane, str(number)]], {"waiting": number})


async def test_elsewhere_each_look_is_printed_below_the_last(capsys: pytest.CaptureFixture[str]) -> None:
    shown = await seen([sheet(1), QueueUnavailableError("away"), sheet(2)], terminal=False)
    assert shown.splitlines() == [
        "lane\twaiting",
        "github:octo/app\t1",
        "lane\twaiting",
        "github:octo/app\t2",
    ]
    assert capsys.readouterr().err.splitlines() == ["at noon", "hookline: away", "at noon"]


async def test_as_json_each_look_is_one_line() -> None:
    for terminal in (True, False):
        shown = await seen([sheet(1), sheet(2)], terminal=terminal, as_json=True)
        assert shown.splitlines() == ['{"waiting":1}', '{"waiting":2}']


async def test_on_a_terminal_it_stays_in_its_place() -> None:
    shown = await seen([sheet(1), QueueUnavailableError("away"), sheet(2)], terminal=True)
    assert shown.count("at noon") >= 2
    assert "hookline: away" in shown
    assert "\x1b[1A\x1b[2K" in shown
    assert shown.encode().endswith(SHOW_CURSOR)


async def test_outsiders_text_steers_no_terminal_while_it_is_watched() -> None:
    shown = await seen([sheet(1, HOSTILE)], terminal=True)
    assert "gnp.exe" in shown
    steering = [mark for mark in STEERING if mark not in {"\x1b", "\r"}]
    assert not [mark for mark in steering if mark in shown]
    assert "\x1b[31m" not in shown


@pytest.mark.integration
def test_an_interruption_ends_it_with_its_code_and_gives_the_cursor_back(home: Home) -> None:
    task_id = home.take("github", "issue_comment").task_id
    ours, theirs = pty.openpty()
    environment = {**os.environ, **home.environment, "TERM": "xterm", "COLUMNS": "200", "LINES": "40"}
    command = [sys.executable, "-m", "hookline", "tasks", "list", "--watch", "--interval", "0.2"]
    process = subprocess.Popen(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    while task_id.encode() not in shown:
        shown += os.read(ours, 4096)
    process.send_signal(signal.SIGINT)
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:
        pass
    os.close(ours)
    assert process.wait(30) == 130
    assert SHOW_CURSOR in shown
    assert b"Traceback" not in shown


@pytest.mark.integration
def test_an_interruption_ends_it_in_a_pipe_too(home: Home) -> None:
    task_id = home.take("github", "issue_comment").task_id
    command = [sys.executable, "-m", "hookline", "tasks", "list", "--watch", "--interval", "0.2", "--json"]
    environment = {**os.environ, **home.environment}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b""
    assert process.returncode == 130
    assert all(task_id.encode() in line for line in lines)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0s"),
        (-3, "0s"),
        (59.9, "59s"),
        (60, "1m"),
        (3_725, "1h 2m"),
        (90_061, "1d 1h"),
        (86_405, "1d 5s"),
    ],
)
def test_durations_are_short(seconds: float, words: str) -> None:
    assert lasted(seconds) == words
