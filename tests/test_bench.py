"""A measurement that misses its aim ends with 1 and says by what; one that reaches it ends well."""

import json
from importlib import import_module
from types import ModuleType

import pytest

from architecture.project import ROOT


def bench(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module of the benchmarks, which are started from the root of the repository."""
    monkeypatch.syspath_prepend(str(ROOT))
    return import_module(f"bench.{name}")


@pytest.mark.parametrize(
    ("ratios", "words"),
    [
        ({"frozen": 0.9, "killed": 1.1}, None),
        ({"frozen": 0.899, "killed": 1.1}, "below 0.9 of the rate with Redis: frozen"),
        ({"frozen": 0.5, "killed": 0.5}, "below 0.9 of the rate with Redis: frozen, killed"),
    ],
)
def test_a_rate_too_low_without_redis_is_a_failure(
    ratios: dict[str, float],
    words: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    faults = bench("faults", monkeypatch)
    monkeypatch.setattr(faults, "find_wrk", lambda: "wrk")
    monkeypatch.setattr(faults, "compare", lambda fault, *_: {"fault": fault, "ratio": ratios[fault]})
    assert ended(faults) == words
    assert len(json.loads(capsys.readouterr().out)["results"]) == 2


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        ([9.0, 1.0, 2.0, 3.0], None),
        ([1.0, 2.0, 2.5, 3.0], "the median start took 2.50 s, the aim is 2 s"),
    ],
)
def test_a_slow_start_is_a_failure_and_the_first_only_warms_up(
    seconds: list[float],
    words: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    start = bench("start", monkeypatch)
    runs = iter(seconds)
    monkeypatch.setattr(start, "first_start", lambda _: next(runs))
    assert ended(start, "--runs", "3") == words
    told = json.loads(capsys.readouterr().out)
    assert (told["min"], told["max"]) == (min(seconds[1:]), max(seconds[1:]))


def ended(module: ModuleType, *options: str) -> str | None:
    """What a measurement said at its end; `None` where it ended well."""
    try:
        module.main(list(options))
    except SystemExit as end:
        return str(end)
    return None
