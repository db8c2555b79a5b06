"""`hookline db upgrade` and `hookline db prune`."""

import asyncio
import os
import sys
from datetime import timedelta

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from hookline.clock import utc_now
from hookline.configuration import settings_for_reading
from hookline.console.presentation import margin, print_json, print_lines, screen
from hookline.console.running import Desk, place_of, run_at_desk
from hookline.domain.errors import StorageUnavailableError
from hookline.storage import schema
from hookline.storage.database import Database, open_database
from hookline.storage.retention import Pruned, SqlRetention


def upgrade() -> None:
    """Bring the database to the schema of this version."""
    settings = settings_for_reading(os.environ)
    if settings.is_embedded:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    print_lines(screen(), (asyncio.run(_upgraded(settings.database_url)),))


async def _upgraded(url: str) -> str:
    database = open_database(url)
    try:
        return await _migrated(database)
    except StorageUnavailableError as error:
        raise StorageUnavailableError(
            f"the database at {place_of(database)} does not answer ({error})"
        ) from None
    finally:
        await database.close()


async def _migrated(database: Database) -> str:
    before, newest = await schema.current_revision(database), schema.newest_revision()
    if before == newest:
        return f"{place_of(database)} has the schema of this version already ({newest})"
    await schema.upgrade(database)
    return f"{place_of(database)}: from {before or 'empty'} to {newest}"


def prune(
    bodies_days: int | None,
    deliveries_days: int | None,
    keys_days: int | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Forget what is older than the settings or the options say, or only count it."""

    async def work(desk: Desk) -> None:
        kept = desk.settings.retention
        ages = (
            timedelta(days=bodies_days or kept.bodies_days),
            timedelta(days=deliveries_days or kept.deliveries_days),
            timedelta(days=keys_days or kept.keys_days),
        )
        retention = SqlRetention(desk.database)
        with _progress() as progress:
            _ = progress.add_task("counting" if dry_run else "pruning", total=None)
            pruned = await (retention.count if dry_run else retention.prune)(utc_now(), *ages)
        _tell(pruned, "would be forgotten" if dry_run else "forgotten", as_json)

    run_at_desk(work)


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=margin(),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def _tell(pruned: Pruned, what: str, as_json: bool) -> None:
    out = screen()
    if as_json:
        print_json(
            out, {"bodies": pruned.bodies, "deliveries": pruned.deliveries, "keys": pruned.keys}, indent=None
        )
        return
    told = f"{what}: {pruned.bodies} bodies, {pruned.deliveries} deliveries, {pruned.keys} keys"
    print_lines(out, (told,))
