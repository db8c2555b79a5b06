"""What `hookline doctor` finds when it asks the database, Redis, the clock, the folders and the gateway."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from sqlalchemy import text

from hookline.addresses import Address
from hookline.console.findings import Finding, fine, problem, warning
from hookline.console.running import is_missing, place_of
from hookline.domain.errors import ConfigurationError, QueueUnavailableError, StorageUnavailableError
from hookline.domain.ids import Clock
from hookline.queue.connection import open_redis
from hookline.queue.redis_queue import RedisTaskQueue
from hookline.settings import Settings
from hookline.storage import schema
from hookline.storage.columns import moment
from hookline.storage.database import Database, open_database
from hookline.storage.schema import Standing

TOLERATED = timedelta(seconds=30)
"""How far clocks may differ; Slack's webhooks are refused from five minutes on."""

ANSWER_SECONDS = 3.0
_WHOLE: TypeAdapter[int] = TypeAdapter(int)
_ONE_SECOND = timedelta(seconds=1)
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class _Readiness(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    status: str
    down: dict[str, str]


@dataclass(frozen=True, slots=True)
class GatewayAnswer:
    """What a running gateway told: its time, and what is down by its own account."""

    at: datetime | None
    status: str
    down: dict[str, str]


def ask_gateway(settings: Settings, client: httpx.Client) -> GatewayAnswer | None:
    """Ask the admin listener how it is; `None` where none answers."""
    base = Address(settings.server.admin_host, settings.server.admin_port).url
    try:
        answer = client.get(f"{base}/health/ready")
        told = _Readiness.model_validate_json(answer.content)
    except (httpx.HTTPError, httpx.InvalidURL, ValidationError):
        return None
    return GatewayAnswer(_date_of(answer), told.status, told.down)


def _date_of(answer: httpx.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(answer.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return None


def gateway_finding(answer: GatewayAnswer | None) -> Finding:
    """Whether a gateway runs, and how it is."""
    if answer is None:
        return fine("gateway", "does not run", "start it with `hookline serve`")
    if not answer.down:
        return fine("gateway", f"runs, and is {answer.status}")
    down = "; ".join(f"{name}: {why}" for name, why in answer.down.items())
    return problem("gateway", f"runs, and is {answer.status}: {down}", "see the findings below")


async def database_findings(settings: Settings, clock: Clock) -> list[Finding]:
    """Whether the database answers with the schema of this version, and what time it has."""
    database = open_database(settings.database_url)
    place = place_of(database)
    if is_missing(database):
        return [fine("database", f"{place} is not there yet", "the first `hookline serve` makes it")]
    try:
        found = [await _schema_finding(database)]
        if not database.is_sqlite:
            found.append(_clock_finding("clock of the database", await _time_of(database), clock()))
    except StorageUnavailableError as error:
        words = f"{place} does not answer ({error})"
        return [problem("database", words, "start it, or correct DATABASE_URL")]
    finally:
        await database.close()
    return found


async def _schema_finding(database: Database) -> Finding:
    standing = await schema.standing(database)
    if standing is Standing.CURRENT:
        return fine("database", f"{place_of(database)} answers, and its schema is the one of this version")
    revision = await schema.current_revision(database) or "empty"
    words = f"the schema of {place_of(database)} is {revision}, not {schema.newest_revision()}"
    return problem("database", words, _SCHEMA_REMEDIES[standing])


_SCHEMA_REMEDIES = {
    Standing.OLDER: "run `hookline db upgrade`",
    Standing.NEWER: "install the version of Hookline that upgraded it, or go back to a copy",
}


async def _time_of(database: Database) -> datetime:
    query = text("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)")
    async with database.read() as connection:
        return moment(_WHOLE.validate_python((await connection.execute(query)).scalar_one()))


async def redis_finding(settings: Settings, answer: GatewayAnswer | None) -> Finding:
    """Whether Redis answers; the embedded one can only be asked through its gateway."""
    if settings.redis_url is None:
        words = "embedded: runs while `hookline serve` does" if answer is None else "embedded, and runs"
        why = answer.down.get("queue") if answer else None
        return problem("redis", why, "see the gateway's log") if why else fine("redis", words)
    remedy = "start it, or correct REDIS_URL; until then tasks wait in the database"
    try:
        queue = RedisTaskQueue(open_redis(settings.redis_url))
    except ConfigurationError as error:
        return problem("redis", str(error), "correct REDIS_URL")
    try:
        waiting = sum((await queue.depth()).values())
    except QueueUnavailableError as error:
        return problem("redis", str(error), remedy)
    finally:
        await queue.close()
    return fine("redis", f"answers, and holds {waiting} tasks")


def clock_finding(answer: GatewayAnswer | None, clock: Clock) -> Finding:
    """Whether the gateway's clock and this one agree."""
    if answer is None or answer.at is None:
        return fine("clock", f"{clock():%Y-%m-%d %H:%M:%SZ}, not compared: no gateway tells its time")
    return _clock_finding("clock", answer.at, clock())


def _clock_finding(about: str, theirs: datetime, ours: datetime) -> Finding:
    apart = abs(ours - theirs)
    if apart <= TOLERATED:
        return fine(about, "agrees with this machine's" + (" to the second" if apart <= _ONE_SECOND else ""))
    words = f"differs from this machine's by {apart.total_seconds():.0f} s"
    return warning(about, words, "synchronise the clocks (NTP): Slack's webhooks are refused from 5 min on")


def folder_findings(
    settings: Settings, can_write: Callable[[Path, int], bool] = os.access
) -> Iterator[Finding]:
    """Whether the folders can be written, and only by their owner be read."""
    if settings.is_embedded or settings.redis_url is None:
        yield _folder("home", settings.home, can_write, is_private=True)
        yield from _secrets_file(settings.home / "secrets.json")
    yield _folder("task logs", settings.task_logs_dir, can_write, is_private=False)


def _folder(about: str, path: Path, can_write: Callable[[Path, int], bool], *, is_private: bool) -> Finding:
    if not path.is_dir():
        return fine(about, f"{path} is not there yet", "the first `hookline serve` makes it")
    if not can_write(path, os.R_OK | os.W_OK | os.X_OK):
        return problem(about, f"{path} cannot be written", "give it to the user who runs `hookline serve`")
    if is_private and _is_open(path):
        return warning(about, f"{path} can be read by others", f"chmod 700 {path}")
    return fine(about, f"{path} can be written")


def _secrets_file(path: Path) -> Iterator[Finding]:
    if path.is_file() and _is_open(path):
        yield problem("made secrets", f"{path} can be read by others", f"chmod 600 {path}, and make new ones")


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & _OTHERS)
