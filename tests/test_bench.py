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


def sizes(enqueue: float, claim: float) -> list[dict]:
    """Depths whose rates at the greatest size are these parts of those at the least."""
    ratios = {1_000_000: (enqueue, claim), 1_000: (1.0, 1.0)}
    return [
        {"waiting": waiting, "enqueue": {"ratio": first}, "claim_and_ack": {"ratio": second}}
        for waiting, (first, second) in ratios.items()
    ]


def fared(module: ModuleType, **costs: tuple[float, float]) -> dict:
    """What contestants cost the server for claim and ack, in microseconds, and their tasks a second."""
    free = module.contest.Cost(0.0, 0.0)
    return {name: module.Result(free, module.contest.Cost(*cost)) for name, cost in costs.items()}


def test_a_queue_that_slows_down_with_its_size_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = bench("queue.command", monkeypatch)
    assert queue.misses_of_depths(sizes(0.8, 0.81)) == []
    assert queue.misses_of_depths(sizes(0.9, 0.79)) == [
        "claim and ack with 1,000,000 waiting at 0.79 of the rate with 1,000, the aim is 0.8"
    ]


OTHERS = {"streaq": (400.0, 400.0), "saq": (300.0, 500.0), "arq": (300.0, 300.0)}


@pytest.mark.parametrize(
    ("ours", "bullmq", "misses"),
    [
        ((150.0, 1000.0), (150.0, 9999.0), []),
        ((150.0, 1000.0), None, []),
        ((151.0, 1000.0), (200.0, 1.0), ["saq is 150", "arq is 150"]),
        ((150.0, 1000.0), (149.0, 1.0), ["bullmq is 149"]),
        ((150.0, 999.0), (200.0, 1.0), ["999 tasks a second, the aim is 1000"]),
    ],
)
def test_a_queue_that_costs_more_than_the_others_is_a_failure(
    ours: tuple[float, float],
    bullmq: tuple[float, float] | None,
    misses: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = bench("queue.command", monkeypatch)
    others = OTHERS if bullmq is None else OTHERS | {"bullmq": bullmq}
    told = queue.misses_of_contest(fared(queue, hookline=ours, **others))
    assert len(told) == len(misses)
    assert all(said.endswith(words) for said, words in zip(told, misses, strict=True))


def test_a_worker_that_waits_too_long_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = bench("queue.command", monkeypatch)
    well = {"commit_to_claim": {"median_ms": 10.0}, "cancel_to_worker": {"p99_ms": 500.0}}
    assert queue.misses_of_latency(well) == []
    late = {"commit_to_claim": {"median_ms": 10.1}, "cancel_to_worker": {"p99_ms": 501.0}}
    assert queue.misses_of_latency(late) == [
        "commit to claim takes 10.1 ms, the aim is 10",
        "cancel to worker takes 501.0 ms, the aim is 500",
    ]
