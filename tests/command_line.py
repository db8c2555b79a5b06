"""A home on disk for tests of the command line: a migrated database, filled through the real handlers."""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import TypeVar

import pytest
from pydantic import JsonValue
from typer.testing import CliRunner, Result

from hookline.bootstrap import make_handlers
from hookline.cli import app
from hookline.clock import new_id, utc_now
from hookline.configuration import settings_for_reading
from hookline.core.samples import Occasion, make_sample
from hookline.domain.delivery import Delivery, RequestHead, Verdict
from hookline.domain.ids import DeliveryId, TaskId
from hookline.domain.intake import Note, Submission
from hookline.domain.outcome import Ignored, Reply
from hookline.gateway.receipts import make_receipt
from hookline.registry import PROVIDERS
from hookline.storage.database import Database, open_database
from hookline.storage.ingest import SqlIngestStore
from signed_webhooks import SECRETS

ResultT = TypeVar("ResultT")

HOSTILE = "\x1b[31mred\x9b2J [bold]x[/bold] \u202egnp.exe\r\n[link=https://evil.example]y[/link] \u200bz \x07"
STEERING = ("\x1b", "\x9b", "\u202e", "\u200b", "\x07", "\r")


@dataclass(frozen=True)
class Taken:
    """A delivery that was taken in, and what became of it."""

    id: str
    verdict: Verdict | None

    @property
    def task_id(self) -> str:
        assert self.verdict is not None
        return self.verdict.task_id


@dataclass
class Home:
    """A home folder with its environment."""

    path: Path
    environment: dict[str, str]
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def run(self, *words: str, **environment: str) -> Result:
        return CliRunner().invoke(app, words, env={**self.environment, **environment})

    def told(self, *words: str) -> dict:
        """What a command prints as JSON; it must succeed."""
        result = self.run(*words, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    def with_database(self, work: Callable[[Database], Awaitable[ResultT]]) -> ResultT:
        async def opened() -> ResultT:
            database = open_database(f"sqlite:///{self.path / 'hookline.db'}")
            try:
                return await work(database)
            finally:
                await database.close()

        return asyncio.run(opened())

    def take(
        self,
        provider: str,
        event: str,
        text: str = "@agent analyze this",
        changes: Sequence[tuple[str, JsonValue]] = (),
        age: timedelta = timedelta(),
    ) -> Taken:
        """A sample, taken in as the gateway would."""
        settings = settings_for_reading(self.environment)
        handler = next(h for h in make_handlers(settings) if h.source.provider == provider)
        at, book = utc_now() - age, PROVIDERS[provider].samples
        action = book.events[event].action
        occasion = Occasion(handler.source, "agent", text, action, at, lambda: next(self.numbers))
        sample = make_sample(book, event, occasion, changes)
        delivery = Delivery(DeliveryId(new_id()), RequestHead(sample.headers, at, "203.0.113.7"), sample.body)
        handler.verify(delivery)
        receipt, outcome = make_receipt(handler, delivery), handler.interpret(delivery)

        async def store(database: Database) -> Verdict | None:
            ingest = SqlIngestStore(database, settings.caps)
            if isinstance(outcome, Ignored | Reply):
                await ingest.record([Note(receipt, outcome)])
                return None
            committed = await ingest.commit([Submission(receipt, outcome, TaskId(new_id()))])
            return committed.verdicts[0]

        return Taken(delivery.id, self.with_database(store))


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home in which nothing has run yet; the current folder has no settings file."""
    for name in ("DATABASE_URL", "REDIS_URL", "HOOKLINE_CONFIG", "TASK_LOGS_DIR", "HOOKLINE_WORKERS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    secrets = {name: secret.decode() for name, secret in SECRETS.items()}
    return Home(
        path, {"HOOKLINE_HOME": str(path), "HOOKLINE_PORT": "9", "HOOKLINE_ADMIN_PORT": "9", **secrets}
    )


@pytest.fixture
def home(empty_home: Home, migrated_sqlite: Path) -> Home:
    """A home with an empty database."""
    shutil.copy(migrated_sqlite, empty_home.path / "hookline.db")
    return empty_home
