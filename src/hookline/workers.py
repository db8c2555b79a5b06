"""Several processes that take webhooks in on one port, each ended with the one that started them."""

import asyncio
import os
import sys
from contextlib import suppress

from hookline.addresses import Address
from hookline.domain.errors import ConfigurationError

READY = b"ready\n"
START_SECONDS = 30
STOP_SECONDS = 15
_RESTART_SECONDS = 1.0


class PublicWorkers:
    """Starts them, and starts again the ones that die."""

    def __init__(self, count: int, redis_url: str, address: Address) -> None:
        """Keep how many, and what they need."""
        self._count = count
        self._environment = {
            **os.environ,
            "REDIS_URL": redis_url,
            "HOOKLINE_HOST": address.host,
            "HOOKLINE_PORT": str(address.port),
        }
        self._keepers: list[asyncio.Task[None]] = []
        self._processes: set[asyncio.subprocess.Process] = set()

    async def start(self) -> None:
        """Start all of them; returns when they listen.

        Raises:
            ConfigurationError: one does not come up.
        """
        started = await asyncio.gather(*(self._spawn() for _ in range(self._count)))
        self._keepers = [asyncio.create_task(self._keep(process)) for process in started]

    async def stop(self) -> None:
        """Let them finish what they have, and wait for their end; kill those that take too long."""
        for keeper in self._keepers:
            _ = keeper.cancel()
        for process in self._processes:
            if process.stdin is not None:
                process.stdin.close()
        ends = [asyncio.ensure_future(process.wait()) for process in self._processes]
        if ends:
            _ = await asyncio.wait(ends, timeout=STOP_SECONDS)
        for process in self._processes:
            if process.returncode is None:
                process.kill()
        _ = await asyncio.gather(*ends)

    async def _keep(self, process: asyncio.subprocess.Process) -> None:
        while True:
            _ = await process.wait()
            self._processes.discard(process)
            await asyncio.sleep(_RESTART_SECONDS)
            with suppress(ConfigurationError):
                process = await self._spawn()

    async def _spawn(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "hookline.worker_process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self._environment,
            start_new_session=True,
        )
        self._processes.add(process)
        if await _first_line(process) != READY:
            await self._give_up(process)
            raise ConfigurationError("a worker process does not start; its error is above")
        return process

    async def _give_up(self, process: asyncio.subprocess.Process) -> None:
        with suppress(ProcessLookupError):
            process.kill()
        _ = await process.wait()
        self._processes.discard(process)


async def _first_line(process: asyncio.subprocess.Process) -> bytes:
    if process.stdout is None:
        return b""
    try:
        return await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
    except TimeoutError:
        return b""
