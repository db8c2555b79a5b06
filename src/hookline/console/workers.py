"""`hookline workers add|list|revoke`: who may claim tasks."""

from pydantic import JsonValue

from hookline.clock import utc_now
from hookline.console.presentation import (
    Column,
    neutral,
    print_facts,
    print_json,
    print_lines,
    print_table,
    screen,
    told,
)
from hookline.console.running import Desk, run_at_desk
from hookline.core.tokens import TokenKind, hash_of, make_token
from hookline.domain.errors import ConfigurationError, NotFoundError
from hookline.domain.workers import Worker
from hookline.storage.workers import SqlWorkerRegister

LONGEST_NAME = 100


def add(name: str, as_json: bool) -> None:
    """Let a worker in, and show its token, which is told only this once.

    Raises:
        ConfigurationError: the name is empty, too long, or holds what cannot be seen.
        WorkerNameTakenError: there is one of this name.
    """
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise ConfigurationError(f"a worker's name: expected 1 to {LONGEST_NAME} visible characters")
    token = make_token(TokenKind.WORKER)

    async def work(desk: Desk) -> None:
        worker = await SqlWorkerRegister(desk.database).add(name, hash_of(token), utc_now())
        if as_json:
            print_json(screen(), {"name": worker.name, "token": token})
            return
        print_facts(screen(), {"name": worker.name, "token": token})
        print_lines(screen(), ("", "the token is shown only now; give it to the worker as HOOKLINE_TOKEN"))

    run_at_desk(work)


def show_list(as_json: bool) -> None:
    """List workers, revoked ones too."""

    async def work(desk: Desk) -> None:
        workers = await SqlWorkerRegister(desk.database).workers()
        if as_json:
            listed: list[JsonValue] = [_as_json(worker) for worker in workers]
            print_json(screen(), {"workers": listed, "next": None})
            return
        columns = (Column("name"), Column("added"), Column("last seen"), Column("revoked"))
        print_table(screen(), columns, (_row(worker) for worker in workers))

    run_at_desk(work)


def revoke(name: str) -> None:
    """Let a worker's token be worth nothing from now on.

    Raises:
        NotFoundError: there is no such worker.
    """

    async def work(desk: Desk) -> None:
        if not await SqlWorkerRegister(desk.database).revoke(name, utc_now()):
            raise NotFoundError(f"there is no worker {name}, or it is revoked already")
        print_lines(screen(), (f"{neutral(name)} may claim no more tasks",))

    run_at_desk(work)


def _as_json(worker: Worker) -> dict[str, JsonValue]:
    return {
        "name": worker.name,
        "created_at": worker.created_at.isoformat(),
        "last_seen_at": None if worker.last_seen_at is None else worker.last_seen_at.isoformat(),
        "revoked_at": None if worker.revoked_at is None else worker.revoked_at.isoformat(),
    }


def _row(worker: Worker) -> tuple[str, ...]:
    return (
        neutral(worker.name),
        told(worker.created_at),
        "" if worker.last_seen_at is None else told(worker.last_seen_at),
        "" if worker.revoked_at is None else told(worker.revoked_at),
    )
