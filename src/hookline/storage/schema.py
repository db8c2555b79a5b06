"""Where a database's schema stands, and how it becomes the one of this version.

Alembic, which takes as long to import as much of Hookline, is imported only when there is something to
migrate: an empty SQLite file gets the schema as the migrations leave it, from `schema.sql`.
"""

import re
from enum import StrEnum
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from hookline import storage
from hookline.domain.errors import ConfigurationError
from hookline.storage.database import Database


class Standing(StrEnum):
    """How a database's schema stands to the one that this version of Hookline works with."""

    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"


REMEDIES = {
    Standing.OLDER: "has an older schema than this version of Hookline needs; run `hookline db upgrade`",
    Standing.NEWER: "was upgraded by a newer version of Hookline; install that one, or go back to a copy",
}
"""What to tell people, after the database's place."""

SQLITE_SCHEMA = Path(__file__).with_name("schema.sql")
"""The statements that make the whole schema on SQLite; written by `scripts/schema`."""

_VERSIONS = Path(__file__).parent / "migrations" / "versions"
_LINK = re.compile(
    r'^revision: .*= "(?P<own>\w+)"\ndown_revision: .*= (?:"(?P<before>\w+)"|None)$', re.MULTILINE
)
_VERSION = text("SELECT version_num FROM alembic_version")
_MARK = text("INSERT INTO alembic_version (version_num) VALUES (:revision)")
_PARTS = text("SELECT count(*) FROM sqlite_master")


@cache
def known_revisions() -> tuple[str, ...]:
    """The revisions this version of Hookline knows, oldest first, as their files say."""
    texts = (path.read_text(encoding="utf-8") for path in _VERSIONS.glob("*.py"))
    next_of = {link["before"]: link["own"] for text in texts for link in _LINK.finditer(text)}
    chain = [next_of[None]]
    while chain[-1] in next_of:
        chain.append(next_of[chain[-1]])
    return tuple(chain)


def newest_revision() -> str:
    """The revision this version of Hookline works with."""
    return known_revisions()[-1]


async def current_revision(database: Database) -> str | None:
    """The revision the database is at; `None` for an empty one."""
    return await database.view(_revision_of)


async def standing(database: Database) -> Standing:
    """Whether the database has the schema of this version."""
    revision = await current_revision(database)
    if revision == newest_revision():
        return Standing.CURRENT
    return Standing.OLDER if revision is None or revision in known_revisions() else Standing.NEWER


async def upgrade(database: Database) -> None:
    """Bring the database to the schema of this version; several processes may ask at once.

    Raises:
        ConfigurationError: a newer version has migrated it further than this one knows.
    """
    before = await standing(database)
    if before is Standing.NEWER:
        raise ConfigurationError(f"the database at {database.place} {REMEDIES[before]}")
    if before is Standing.CURRENT or (database.is_sqlite and await database.transact(_filled)):
        return
    await storage.migrator.migrate(database, "head")


def _revision_of(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(_VERSION).scalar()
    return found


def _filled(connection: Connection) -> bool:
    """Make the whole schema where nothing is yet; tells whether nothing was."""
    if connection.execute(_PARTS).scalar_one():
        return False
    for statement in SQLITE_SCHEMA.read_text(encoding="utf-8").split(";"):
        _ = connection.exec_driver_sql(statement)
    _ = connection.execute(_MARK, {"revision": newest_revision()})
    return True
