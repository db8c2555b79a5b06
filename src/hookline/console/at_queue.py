"""The queue beside the database, for commands that need both."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from hookline.bootstrap import make_queue
from hookline.clock import new_id, utc_now
from hookline.console.presentation import margin, print_lines
from hookline.console.running import Desk
from hookline.core.operating import Operating
from hookline.domain.errors import QueueUnavailableError
from hookline.domain.queue import TaskQueue
from hookline.embedded.valkey_folder import open_valkey_folder
from hookline.settings import Settings
from hookline.storage.lifecycle import SqlLifecycleStore
from hookline.storage.pauses import SqlPauseRegister

NOT_HEARD = "the queue does not answer now; the gateway tells it as soon as it does"


@dataclass(frozen=True, slots=True)
class Controls:
    """What an operator works with: the queue, its pauses, and what changes tasks and pauses."""

    queue: TaskQueue
    pauses: SqlPauseRegister
    operating: Operating


@asynccontextmanager
async def controls(desk: Desk) -> AsyncGenerator[Controls]:
    """Open the queue of the settings, or the one that the gateway on this machine brings along."""
    queue = make_queue(desk.settings, _redis_url(desk.settings))
    pauses = SqlPauseRegister(desk.database)
    life = SqlLifecycleStore(desk.database)
    try:
        yield Controls(queue, pauses, Operating(pauses, life, queue, utc_now, new_id))
    except QueueUnavailableError as error:
        raise QueueUnavailableError(f"{error}; {_remedy(desk.settings)}") from None
    finally:
        await queue.close()


def tell_unheard(*, has_queue_heard: bool) -> None:
    """Say beside the answer that the queue does not know it yet."""
    if not has_queue_heard:
        print_lines(margin(), (NOT_HEARD,))


def _redis_url(settings: Settings) -> str:
    if settings.redis_url is not None:
        return settings.redis_url
    folder = settings.home / "valkey"
    return open_valkey_folder(settings.home).url if folder.is_dir() else f"unix://{folder}/valkey.sock"


def _remedy(settings: Settings) -> str:
    if settings.redis_url is None:
        return "start `hookline serve`, which brings the queue along"
    return "start the server of REDIS_URL, or correct it; `hookline doctor` says more"
