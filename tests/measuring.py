"""Which processes that tests start are measured for coverage: those that are given these variables."""

import os

_variables: dict[str, str] = {}


def take_away() -> None:
    """Let no process be measured from now on that this one starts."""
    for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
        _variables[name] = os.environ.pop(name)


def variables() -> dict[str, str]:
    """What lets a process be measured, where this one is."""
    return dict(_variables)
