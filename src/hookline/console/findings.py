"""What `hookline doctor` finds."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How grave a finding is; only a problem makes the command fail."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was found in words, and what to do about it."""

    about: str
    level: Level
    words: str
    remedy: str | None = None


def fine(about: str, words: str, remedy: str | None = None) -> Finding:
    """Nothing is wrong."""
    return Finding(about, Level.OK, words, remedy)


def warning(about: str, words: str, remedy: str) -> Finding:
    """It works, and may not be what was meant."""
    return Finding(about, Level.WARNING, words, remedy)


def problem(about: str, words: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(about, Level.PROBLEM, words, remedy)


def has_problem(findings: Iterable[Finding]) -> bool:
    """Whether something does not work."""
    return any(finding.level is Level.PROBLEM for finding in findings)
