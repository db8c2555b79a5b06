"""How commands begin and end: what is imported, exit codes, one clear sentence for whatever goes wrong."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from command_line import HOSTILE, STEERING, Home, empty_home, home
from hookline.console.ending import clear_errors
from hookline.domain.errors import ConfigurationError, HooklineError, NotFoundError

__all__ = ["empty_home", "home"]


def modules_after(*words: str, **environment: str) -> set[str]:
    code = (
        f"import sys; sys.argv = ['hookline', *{words!r}]\n"
        "from hookline.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "sys.stderr.write('\\n'.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.split())


def modules_of(name: str) -> set[str]:
    code = f"import sys, {name}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_help_imports_no_part_of_a_gateway() -> None:
    known = modules_after("--help")
    assert "hookline.cli" in known
    assert not {"hookline.bootstrap", "prometheus_client", "sqlalchemy", "granian", "httpx"} & known


def test_a_command_that_reads_imports_no_migrations(home: Home) -> None:
    known = modules_after("tasks", "list", **home.environment)
    assert "hookline.storage.schema" in known
    assert not {"alembic", "mako", "sqlalchemy.dialects.postgresql"} & known


def test_what_only_sends_or_takes_webhooks_imports_no_admin_app() -> None:
    known = modules_after("send", "--list") | modules_of("hookline.worker_process")
    assert {"hookline.addresses", "hookline.public_listener"} <= known
    assert not {"hookline.admin", "fastapi"} & known


def test_serve_may_choose_where_metrics_are_shared_before_they_are_imported() -> None:
    known = modules_after("serve", "--help")
    assert "prometheus_client" not in known


def test_an_interruption_while_it_is_still_being_imported_ends_it_quietly() -> None:
    code = (
        "import sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'typer': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from hookline.__main__ import main\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_nothing_is_made_where_there_is_no_database(empty_home: Home) -> None:
    result = empty_home.run("tasks", "list")
    assert result.exit_code == 2
    assert "there is no database at" in result.stderr
    assert list(empty_home.path.iterdir()) == []


def test_an_old_schema_is_told_with_its_remedy(empty_home: Home) -> None:
    (empty_home.path / "hookline.db").touch()
    result = empty_home.run("tasks", "list")
    assert result.exit_code == 1
    assert "run `hookline db upgrade`" in result.stderr


def test_a_newer_schema_is_told_with_its_remedy(home: Home) -> None:
    with sqlite3.connect(home.path / "hookline.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for command in (("db", "upgrade"), ("serve",)):
        result = home.run(*command, HOOKLINE_ADMIN_PORT="10")
        assert result.exit_code == 2
        assert "was upgraded by a newer version of Hookline" in result.stderr
        assert "Traceback" not in result.stderr


def test_a_database_that_does_not_answer_is_told_without_its_password(home: Home) -> None:
    result = home.run("tasks", "list", DATABASE_URL="postgresql://me:hunter2@127.0.0.1:9/none")
    assert result.exit_code == 1
    assert "127.0.0.1:9/none does not answer (ConnectionRefusedError: Connection refused)" in result.stderr
    assert "hunter2" not in result.output


def test_a_wrong_setting_is_one_sentence(home: Home) -> None:
    (home.path / "hookline.toml").write_text("[server]\nprot = 1\n")
    result = home.run("tasks", "list")
    assert result.exit_code == 2
    assert result.stderr.endswith("public_url, trusted_proxies, workers\n")
    assert "hookline.toml: server.prot: unknown key; expected one of admin_host, " in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("wrong"), 2),
        (NotFoundError("gone"), 1),
        (HooklineError(f"odd {HOSTILE}"), 1),
        (PermissionError(13, "Permission denied", "/x"), 1),
        (KeyboardInterrupt(), 130),
        (BrokenPipeError(), 0),
    ],
)
def test_every_end_has_its_code(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hookline.console.ending._close_stdout", lambda: None)
    with pytest.raises(Exception) as caught, clear_errors():
        raise error
    assert getattr(caught.value, "exit_code", None) == code
    assert not [mark for mark in STEERING if mark in capsys.readouterr().err]


def test_a_reader_that_goes_away_ends_a_list_quietly(home: Home) -> None:
    for _ in range(3):
        home.take("github", "issue_comment", changes=[("issue.title", "x" * 300)])
    command = [sys.executable, "-m", "hookline", "tasks", "list"]
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        command, env={**os.environ, **home.environment}, stdout=write_end, stderr=subprocess.PIPE, check=False
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_database_is_made_and_upgraded(empty_home: Home) -> None:
    shutil.rmtree(empty_home.path)
    made = empty_home.run("db", "upgrade")
    assert made.exit_code == 0, made.stderr
    assert "from empty to" in made.stdout
    assert Path(empty_home.path).stat().st_mode & 0o777 == 0o700
    again = empty_home.run("db", "upgrade")
    assert "already" in again.stdout
    assert empty_home.told("tasks", "list") == {"tasks": [], "next": None}


def test_what_is_not_shown_to_a_terminal_leaves_nothing_beside_the_answer(home: Home) -> None:
    assert home.run("db", "prune").stderr == ""


def test_old_bodies_are_pruned(home: Home) -> None:
    taken = home.take("github", "push")
    assert home.told("db", "prune", "--dry-run") == {"bodies": 0, "deliveries": 0, "keys": 0}
    assert "would be forgotten: 0 bodies" in home.run("db", "prune", "--dry-run").stdout
    assert home.told("db", "prune") == {"bodies": 0, "deliveries": 0, "keys": 0}
    assert home.told("deliveries", "show", taken.id)["has_body"] is True
    result = home.run("db", "prune", "--keys-days", "1")
    assert result.exit_code == 2
    assert "keys must be kept" in result.stderr
