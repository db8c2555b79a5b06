"""Random calls to the queue, on each server that it works with, against the model."""

from datetime import timedelta
from functools import partial

import fakeredis
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from hookline.domain.errors import QueueUnavailableError
from hookline.queue.connection import open_redis
from hookline.queue.scripts import source_of
from queue_machine import Opener, QueueMachine
from queue_mutants import MUTANTS, Mutant
from server_process import TestServer

pytestmark = pytest.mark.no_cover

PATIENCE = timedelta(seconds=30)
SETTINGS = settings(
    max_examples=6,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
HUNT = settings(
    SETTINGS,
    max_examples=200,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    database=None,
    derandomize=True,
)


def machine(opener: Opener, partition_count: int = 1) -> type[QueueMachine]:
    made = type("Machine", (QueueMachine,), {"partition_count": partition_count})
    made.open_redis = staticmethod(opener)
    return made


def test_the_queue_is_what_the_model_says() -> None:
    run_state_machine_as_test(machine(fakeredis.FakeAsyncRedis), settings=SETTINGS)


@pytest.mark.integration
@pytest.mark.parametrize(("partition_count", "examples"), [(1, 20), (4, 12)])
def test_the_queue_is_what_the_model_says_on_valkey(
    valkey: TestServer, partition_count: int, examples: int
) -> None:
    opener = partial(open_redis, valkey.url, PATIENCE)
    run_state_machine_as_test(
        machine(opener, partition_count), settings=settings(SETTINGS, max_examples=examples)
    )


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.fault)
def test_each_seeded_fault_still_has_its_place(mutant: Mutant) -> None:
    assert mutant.source_of(mutant.script) != source_of(mutant.script)


@pytest.mark.hunt
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.fault)
def test_the_model_notices(mutant: Mutant, valkey: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hookline.queue.scripts.source_of", mutant.source_of)
    with pytest.raises(Exception) as caught:
        run_state_machine_as_test(machine(partial(open_redis, valkey.url, PATIENCE)), settings=HUNT)
    assert isinstance(caught.value, AssertionError | QueueUnavailableError | KeyError)
