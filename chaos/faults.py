"""What goes wrong: all kinds of faults, dealt in shuffled rounds, so that each comes as often as others."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from chaos.town import Town
from gateways import GatewayFailedError

Fault = Callable[[], Awaitable[None]]
BETWEEN_SERVERS = (1.5, 4.0)
BETWEEN_WORKERS = (0.8, 2.5)
START_TRIES = 5


@dataclass(frozen=True)
class Happened:
    """A fault, from when until when, in seconds since 1970."""

    kind: str
    began: float
    ended: float


@dataclass
class Storm:
    """Brings about faults of servers one after another, and beside them faults of workers."""

    town: Town
    chance: Random
    happened: list[Happened] = field(default_factory=list)
    now: str = ""
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def of_servers(self) -> dict[str, Fault]:
        """Faults of the gateway, of Valkey and of PostgreSQL."""
        return {
            "gateway killed": self._kill_gateway,
            "gateway frozen": self._freeze_gateway,
            "valkey killed": self._kill_valkey,
            "valkey frozen": lambda: self._frozen(lambda number: _signal(self.town.valkey, number)),
            "valkey wiped": lambda: asyncio.to_thread(self.town.wipe_valkey),
            "valkey lost": self._lose_valkey,
            "postgres killed": self._kill_postgres,
            "postgres frozen": lambda: self._frozen(lambda number: _signal(self.town.postgres, number)),
        }

    @property
    def of_workers(self) -> dict[str, Fault]:
        """Faults of single workers."""
        return {"worker killed": self._kill_worker, "worker frozen": self._freeze_worker}

    async def rage_until(self, is_over: asyncio.Event) -> None:
        """Let faults happen; returns when none is going on any more."""
        _ = await asyncio.gather(
            self._deal(self.of_servers, BETWEEN_SERVERS, is_over),
            self._deal(self.of_workers, BETWEEN_WORKERS, is_over),
        )

    async def until_each_happened(self, minimum: Mapping[str, int]) -> None:
        """Wait until every kind happened so often."""
        while any(self.counts[kind] < least for kind, least in minimum.items()):
            self._news.clear()
            _ = await self._news.wait()

    @property
    def counts(self) -> Counter[str]:
        """How often each kind happened."""
        return Counter(happened.kind for happened in self.happened)

    async def _deal(
        self, faults: dict[str, Fault], pause: tuple[float, float], is_over: asyncio.Event
    ) -> None:
        for kind in self._rounds(list(faults)):
            if await _passes(is_over, self.chance.uniform(*pause)):
                return
            began = time.time()
            self.now = kind
            await faults[kind]()
            self.happened.append(Happened(kind, began, time.time()))
            self._news.set()

    def _rounds(self, kinds: list[str]) -> Iterator[str]:
        while True:
            yield from self.chance.sample(kinds, len(kinds))

    def _past_the_lease(self) -> float:
        return self.town.lease * self.chance.uniform(1.1, 1.5)

    async def _frozen(self, send: Callable[[signal.Signals], None]) -> None:
        send(signal.SIGSTOP)
        await asyncio.sleep(self._past_the_lease())
        send(signal.SIGCONT)

    async def _freeze_gateway(self) -> None:
        await self._frozen(self.chance.choice(self.town.gateways).running.send_signal)

    async def _kill_gateway(self) -> None:
        gateway = self.chance.choice(self.town.gateways)
        await asyncio.to_thread(gateway.kill)
        await asyncio.sleep(self.chance.choice((0, 0, self.town.lease)))
        for _ in range(START_TRIES):
            try:
                _ = await asyncio.to_thread(gateway.start)
            except GatewayFailedError:
                continue
            return
        raise GatewayFailedError("it does not start again")

    async def _kill_valkey(self) -> None:
        await asyncio.to_thread(self.town.valkey.kill)
        await asyncio.sleep(self.chance.uniform(0, 2))
        await asyncio.to_thread(self.town.valkey.start)

    async def _lose_valkey(self) -> None:
        await asyncio.to_thread(self.town.valkey.kill)
        self.town.lose_valkey_files()
        await asyncio.sleep(self.chance.uniform(0, 2))
        await asyncio.to_thread(self.town.valkey.start)

    async def _kill_postgres(self) -> None:
        await asyncio.to_thread(self.town.postgres.end, self.chance.choice((signal.SIGQUIT, signal.SIGKILL)))
        await asyncio.sleep(self.chance.uniform(0, 2))
        await asyncio.to_thread(self.town.postgres.start)

    async def _kill_worker(self) -> None:
        hand = self.chance.choice(self.town.hands)
        hand.kill()
        await asyncio.sleep(self.chance.uniform(0, 1))
        hand.start()

    async def _freeze_worker(self) -> None:
        hand = self.chance.choice(self.town.hands)
        hand.freeze()
        await asyncio.sleep(self._past_the_lease())
        hand.thaw()


def _signal(server: object, number: signal.Signals) -> None:
    if number is signal.SIGSTOP:
        server.freeze()
    else:
        server.thaw()


async def _passes(is_over: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            _ = await is_over.wait()
    except TimeoutError:
        return False
    return True


def minimum_of(kinds: Iterable[str], minutes: float) -> dict[str, int]:
    """How often each kind must have happened in so many minutes: at least once, unless there is no storm."""
    if not minutes:
        return {}
    return {kind: max(1, int((4 if kind.startswith("worker") else 1) * minutes)) for kind in kinds}
