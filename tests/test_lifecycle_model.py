"""Random histories of tasks against the rules in few words; SQLite, since the rules are the same there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from hookline.domain.errors import StorageUnavailableError, UnstorableError
from life_machine import LifeOfTasks
from life_mutants import MUTANTS, Mutant
from life_worlds import Books

pytestmark = pytest.mark.no_cover

SETTINGS = settings(max_examples=40, stateful_step_count=30, deadline=None)
HUNT = settings(
    SETTINGS,
    max_examples=400,
    stateful_step_count=16,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    database=None,
    derandomize=True,
)


@pytest.fixture(scope="module")
def books(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    made = Books(migrated_sqlite, tmp_path_factory.mktemp("books"))
    yield made
    made.close()


def live(books: Books, how: settings) -> None:
    run_state_machine_as_test(type("InTheseBooks", (LifeOfTasks,), {"books": books}), settings=how)


@pytest.mark.slow
def test_any_history_follows_the_rules(books: Books) -> None:
    live(books, SETTINGS)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.fault)
def test_the_rules_notice(mutant: Mutant, books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutant.place, mutant.name, mutant.made())
    with pytest.raises((AssertionError, StorageUnavailableError, UnstorableError)):
        live(books, HUNT)
