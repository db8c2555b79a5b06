"""The queue's operations, each one script and one round trip, put together of the parts that it needs."""

from collections.abc import Awaitable, Sequence
from importlib.resources import files
from typing import Protocol

from redis.asyncio import Redis

PARTS = ("shelf", "lanes", "places")
WITH_CLAIMING = (*PARTS, "claiming")


class Reply(Protocol):
    """A script's reply, not yet checked."""


class Script(Protocol):
    """Runs a script by its digest, and loads it where the server does not know it."""

    def __call__(self, keys: Sequence[str], args: Sequence[str]) -> Awaitable[Reply]:
        """Run it with these keys and arguments."""
        ...


class Scripts:
    """All scripts, registered with a client; nothing is sent yet."""

    def __init__(self, redis: Redis) -> None:
        """Register them."""
        self.enqueue: Script = redis.register_script(source_of(*PARTS, "enqueue"))
        self.claim: Script = redis.register_script(source_of(*WITH_CLAIMING, "claim"))
        self.settle: Script = redis.register_script(source_of(*WITH_CLAIMING, "settle"))
        self.extend: Script = redis.register_script(source_of("shelf", "extend"))
        self.remove: Script = redis.register_script(source_of(*PARTS, "remove"))
        self.pause: Script = redis.register_script(source_of(*PARTS, "pause"))
        self.stats: Script = redis.register_script(source_of("shelf", "stats"))
        self.check: Script = redis.register_script(source_of("shelf", "check"))
        self.epoch: Script = redis.register_script(source_of("shelf", "epoch"))


def source_of(*names: str) -> str:
    """The text of a script that is made of these files."""
    folder = files("hookline.queue") / "scripts"
    return "\n".join((folder / f"{name}.lua").read_text("utf-8") for name in names)
