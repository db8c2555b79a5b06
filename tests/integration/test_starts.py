"""Starts that must not happen end with one clear sentence; a source without a secret only has no route."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from gateways import Gateway, gateway
from hookline.storage.database import open_database
from hookline.storage.migrator import migrate
from ports import free_port
from servers import valkey_server
from signed_webhooks import SECRETS

pytestmark = [pytest.mark.integration, pytest.mark.no_cover]

TWO_ON_ONE_PATH = """
[[sources]]
provider = "github"
name = "second"
secret_env = "GITHUB_WEBHOOK_SECRET"

[[sources]]
provider = "github"
name = "second"
secret_env = "JIRA_WEBHOOK_SECRET"
"""


def refusal(home: Path, *arguments: str, **environment: str) -> str:
    """What a start that does not happen says, without what it says on every start."""
    home.mkdir(mode=0o700, exist_ok=True)
    tried = Gateway(home)
    done = subprocess.run(
        [sys.executable, "-m", "hookline", "serve", *arguments],
        env={**tried.environment, **environment},
        cwd=home.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not any(secret.decode() in done.stdout + done.stderr for secret in SECRETS.values())
    return done.stderr


def test_an_unreachable_database(tmp_path: Path) -> None:
    said = refusal(tmp_path / "h", DATABASE_URL="postgresql://me:hunter2@127.0.0.1:9/none")
    assert "the database at postgresql+asyncpg://me:***@127.0.0.1:9/none cannot be reached" in said


async def put_at(url: str, revision: str) -> None:
    database = open_database(url)
    try:
        await migrate(database, revision)
    finally:
        await database.close()


@pytest.mark.parametrize("revision", [None, "0001"], ids=["empty", "of an older version"])
def test_a_postgresql_whose_schema_is_not_up_to_date_until_it_is_upgraded(
    tmp_path: Path, postgres_url: str, revision: str | None
) -> None:
    if revision:
        asyncio.run(put_at(postgres_url, revision))
    with valkey_server() as valkey:
        said = refusal(tmp_path / "h", DATABASE_URL=postgres_url, REDIS_URL=valkey.url)
        server = urlsplit(postgres_url)
        place = f"postgresql+asyncpg://{server.username}:***@{server.hostname}:{server.port}{server.path}"
        assert said == (
            f"hookline: the database at {place} has an older schema than this version of Hookline needs; "
            "run `hookline db upgrade`\n"
        )
        upgraded = Gateway(tmp_path / "h", postgres_url, valkey.url)
        done = upgraded.command("db", "upgrade")
        assert (done.returncode, done.stderr) == (0, "")
        upgraded.start()
        assert upgraded.stop() == 0


def test_two_sources_on_one_path(tmp_path: Path) -> None:
    (tmp_path / "h").mkdir(mode=0o700)
    (tmp_path / "h" / "hookline.toml").write_text(TWO_ON_ONE_PATH)
    said = refusal(tmp_path / "h")
    file = tmp_path / "h" / "hookline.toml"
    assert said == f"hookline: {file}: two sources on one path: /webhooks/github/second\n"


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = refusal(tmp_path / "h", TASK_LOGS_DIR=str(tmp_path / "file"))
    assert said.startswith(f"hookline: TASK_LOGS_DIR: {tmp_path / 'file'} cannot be made")


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = refusal(tmp_path / "h", HOOKLINE_HOME=str(tmp_path / "file"))
    assert said.startswith(f"hookline: HOOKLINE_HOME: {tmp_path / 'file'} cannot be used")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir(mode=0o500)
    said = refusal(tmp_path / "h", TASK_LOGS_DIR=str(tmp_path / "logs"))
    assert "cannot be read and written" in said


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = refusal(tmp_path / "h", "--port", str(taken.getsockname()[1]))
    assert "--port or HOOKLINE_PORT" in said


def test_two_listeners_on_one_port(tmp_path: Path) -> None:
    port = str(free_port())
    said = refusal(tmp_path / "h", "--port", port, "--admin-port", port)
    assert "--admin-port or HOOKLINE_ADMIN_PORT" in said


def test_a_home_that_another_gateway_uses(tmp_path: Path) -> None:
    with gateway(tmp_path / "h"):
        said = refusal(tmp_path / "h")
    assert str(tmp_path / "h") in said


def test_a_source_without_a_secret_has_no_route(tmp_path: Path, migrated_sqlite: Path) -> None:
    extra = {"JIRA_WEBHOOK_SECRET": ""}
    with gateway(tmp_path / "h", database_url=f"sqlite:///{migrated_sqlite}", extra=extra) as running:
        assert httpx.post(f"{running.url}/webhooks/jira", json={}).status_code == 404
        assert httpx.post(f"{running.url}/webhooks/github", json={}).status_code == 401
        said = "".join(running.output)
    assert "no route for jira/default: JIRA_WEBHOOK_SECRET is not set" in said


def test_ctrl_c_in_a_terminal_reaches_no_child(tmp_path: Path) -> None:
    with gateway(tmp_path / "h") as running:
        children = psutil.Process(running.running.pid).children(recursive=True)
        assert children
        group = os.getpgid(running.running.pid)
        assert all(os.getpgid(child.pid) != group for child in children)


def test_an_interrupt_ends_it_cleanly(tmp_path: Path) -> None:
    with gateway(tmp_path / "h") as running:
        running.running.send_signal(signal.SIGINT)
        assert running.running.wait(30) in {0, 130}
