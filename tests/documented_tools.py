"""Tells whether pytest and alembic would understand what the documents tell people to type."""

import contextlib
import io
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence

import pytest
from alembic.config import CommandLine

from architecture.project import ROOT
from documentation import Document
from hookline.storage.schema import newest_revision

CHOICES = frozenset({"-k", "-m"})
COLLECT = """
import contextlib, io, json, sys
import pytest

def collected(words):
    with contextlib.redirect_stdout(io.StringIO()):
        return int(pytest.main(["--collect-only", "-qq", "-p", "no:cacheprovider", *words]))

print(json.dumps([collected(words) for words in json.load(sys.stdin)]))
"""
FAULTS = {pytest.ExitCode.OK: None, pytest.ExitCode.NO_TESTS_COLLECTED: "chooses no test"}


def commands_in(page: Document, *programs: str) -> Iterator[str]:
    """What a page tells people to ask of a program, without its first word."""
    for line in page.lines:
        for program in programs:
            if line.startswith(f"{program} "):
                yield line.removeprefix(f"{program} ")


def fault_of_pytest(config: pytest.Config, line: str) -> str | None:
    """Why pytest would not take this, or `None`: it does not know an option, or a path is not there."""
    known, unknown = config._parser.parse_known_and_unknown_args(shlex.split(line))
    if unknown:
        return f"no option {unknown[0]}"
    missing = [path for path in known.file_or_dir if not (ROOT / path.partition("::")[0]).exists()]
    return f"no file {missing[0]}" if missing else None


def chooses(line: str) -> bool:
    """Whether a run of tests names some of a file's."""
    return bool(CHOICES.intersection(shlex.split(line)))


def faults_of_choices(lines: Sequence[str]) -> dict[str, str]:
    """The runs of tests that would find none, or not even begin; one process looks for all of them."""
    done = subprocess.run(
        [sys.executable, "-c", COLLECT],
        cwd=ROOT,
        input=json.dumps([shlex.split(line) for line in lines]),
        capture_output=True,
        text=True,
        check=True,
    )
    codes = zip(lines, json.loads(done.stdout), strict=True)
    faults = {line: FAULTS.get(pytest.ExitCode(code), "cannot be collected") for line, code in codes}
    return {line: fault for line, fault in faults.items() if fault}


def fault_of_alembic(line: str) -> str | None:
    """Why alembic would not do this, or `None`; a new revision must have the next number."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            options = CommandLine("alembic").parser.parse_args(shlex.split(line))
    except SystemExit:
        return said.getvalue().strip().rpartition("error: ")[2]
    number = getattr(options, "rev_id", None)
    if number is None or number == f"{int(newest_revision() or 0) + 1:04d}":
        return None
    return f"{number} is not the next number"
