"""`scripts/find-python` names the first Python that is new enough: what it was given, then the PATH."""

import subprocess
import sys
from pathlib import Path

import pytest

FIND = Path(__file__).parents[1] / "scripts/find-python"


def found(path: Path, *preferred: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [FIND, *preferred], env={"PATH": f"{path}:/usr/bin:/bin"}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder at the head of the PATH, whose Pythons are all too old."""
    for name in ("python3", "python3.14", "python3.13", "python3.12", "python3.11"):
        python(tmp_path / name, "exit 1")
    return tmp_path


def python(place: Path, *commands: str) -> Path:
    place.write_text("\n".join(("#!/bin/sh", *commands, "")))
    place.chmod(0o755)
    return place


def real(place: Path) -> Path:
    return python(place, f'exec {sys.executable} "$@"')


def test_the_preferred_one_comes_first(path: Path) -> None:
    real(path / "python3")
    assert found(path, str(real(path / "preferred"))).stdout == f"{path / 'preferred'}\n"


@pytest.mark.parametrize("commands", [("exit 1",), ("echo 'no developer tools' >&2", "exit 72")])
def test_one_that_is_too_old_or_broken_is_passed_over(path: Path, commands: tuple[str, ...]) -> None:
    real(path / "python3")
    ended = found(path, str(python(path / "preferred", *commands)))
    assert (ended.stdout, ended.stderr) == (f"{path / 'python3'}\n", "")


def test_one_that_is_absent_is_passed_over(path: Path) -> None:
    real(path / "python3.12")
    assert found(path, str(path / "absent")).stdout == f"{path / 'python3.12'}\n"


def test_where_all_are_too_old_it_says_what_to_install(path: Path) -> None:
    ended = found(path, str(path / "absent"))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "hookline needs Python 3.11 or newer; install it and run this again\n"
