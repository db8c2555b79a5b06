"""Two minutes of `scripts/chaos`, and that its exam notices seeded faults of the queue."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from architecture.project import ROOT
from queue_mutants import MUTANTS

SECONDS = 600


@dataclass(frozen=True)
class Ran:
    """How a run ended: its exit code, its report, and what it said."""

    code: int
    report: dict
    said: str


def chaos(*options: str) -> Ran:
    """Run it, with all that it starts, to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "chaos", "--json", *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Ran(done.returncode, json.loads(done.stdout or "{}"), done.stderr)


@pytest.mark.integration
@pytest.mark.timeout(SECONDS + 30)
def test_nothing_that_was_promised_breaks_in_two_minutes_of_faults() -> None:
    ran = chaos("--minutes", "2")
    assert ran.code == 0, ran.said
    assert ran.report["passed"]
    assert ran.report["accepted"] > 30
    assert set(ran.report["faults"]) == set(ran.report["minimum"])


@pytest.mark.hunt
@pytest.mark.timeout(SECONDS + 30)
@pytest.mark.parametrize("number", range(len(MUTANTS)), ids=lambda number: MUTANTS[number].fault)
def test_the_exam_notices(number: int) -> None:
    ran = chaos("--minutes", "0", "--mutant", str(number))
    assert ran.code == 1, ran.said
    assert ran.report["checks"]["the exam is passed"]


@pytest.mark.hunt
@pytest.mark.timeout(SECONDS + 30)
def test_the_exam_is_passed_without_a_fault() -> None:
    ran = chaos("--minutes", "0")
    assert ran.code == 0, ran.said
