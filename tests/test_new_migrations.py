"""`alembic revision` makes a migration as the guides say, from the root of the repository."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from architecture.project import ROOT
from hookline.storage.database import sqlite_url

VERSIONS = Path("src/hookline/storage/migrations/versions")
KNOWN = sorted(path.name for path in (ROOT / VERSIONS).glob("*.py"))
NEXT = f"{len(KNOWN) + 1:04d}"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what `alembic` and `ruff` read, to leave nothing behind in the repository."""
    for name in ("alembic.ini", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    migrations = VERSIONS.parent
    shutil.copytree(ROOT / migrations, tmp_path / migrations, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def _run(checkout: Path, module: str, *arguments: str) -> str:
    """What a program says in a checkout; it must end well."""
    environment = {
        **os.environ,
        "DATABASE_URL": sqlite_url(checkout / "hookline.db"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _made_in(checkout: Path) -> Path:
    (made,) = [path for path in (checkout / VERSIONS).glob("*.py") if path.name not in KNOWN]
    return made


def test_a_new_migration_is_written_as_the_house_writes(checkout: Path) -> None:
    _run(checkout, "alembic", "revision", "-m", "remember when a task was archived", "--rev-id", NEXT)
    made = _made_in(checkout)
    assert made.name == f"{NEXT}_remember_when_a_task_was_archived.py"
    assert made.read_text().startswith('"""remember when a task was archived."""\n')
    _run(checkout, "ruff", "check", "--no-cache", str(made))
    _run(checkout, "ruff", "format", "--no-cache", "--check", str(made))


def test_a_migration_may_have_no_number_given(checkout: Path) -> None:
    _run(checkout, "alembic", "revision", "-m", "remember more")
    made = _made_in(checkout)
    assert made.name.endswith("_remember_more.py")
    assert f'= "{KNOWN[-1][:4]}"\n' in made.read_text()
    _run(checkout, "ruff", "check", "--no-cache", str(made))


def test_a_migration_that_is_filled_in_has_no_comments(checkout: Path) -> None:
    _run(checkout, "alembic", "upgrade", KNOWN[-2][:4])
    shutil.move(checkout / VERSIONS / KNOWN[-1], checkout / KNOWN[-1])
    _run(checkout, "alembic", "revision", "--autogenerate", "-m", "again", "--rev-id", KNOWN[-1][:4])
    made = checkout / VERSIONS / f"{KNOWN[-1][:4]}_again.py"
    assert "#" not in made.read_text()
    _run(checkout, "ruff", "format", "--no-cache", str(made))
    _run(checkout, "ruff", "check", "--no-cache", str(made))
    _run(checkout, "alembic", "upgrade", "head")
    assert "No new upgrade operations detected" in _run(checkout, "alembic", "check")


def test_a_migration_that_is_filled_in_makes_partial_indexes_on_both_databases(checkout: Path) -> None:
    shutil.rmtree(checkout / VERSIONS)
    (checkout / VERSIONS).mkdir()
    _run(checkout, "alembic", "revision", "--autogenerate", "-m", "everything at once", "--rev-id", "0001")
    made = _made_in(checkout).read_text()
    assert made.count("postgresql_where=") == made.count("sqlite_where=") > 0
    assert made.count("postgresql_where=sa.text(\"state = 'running'\")") == 2
