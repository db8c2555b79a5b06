"""The queue's operations, each one script and one round trip, put together of the parts that it needs."""

from importlib.resources import files

from redis.asyncio import RedisCluster

from hookline.queue.groups import Server
from hookline.queue.together import Script, SharedTrips

HEAD = ("head", "turns")
PLACES = (*HEAD, "records", "lanes", "following", "places")
SERVING = (*PLACES, "lineup", "serving")
WORDS_OF_A_SETTLEMENT = 8


class Scripts:
    """All scripts, registered with a client; nothing is sent yet."""

    def __init__(self, redis: Server) -> None:
        """Register them; in a cluster each call goes to its node by itself."""
        trips = _EachByItself(redis) if isinstance(redis, RedisCluster) else SharedTrips(redis)
        register = trips.register
        self.enqueue: Script = register(source_of(*PLACES, "enqueue"))
        self.claim: Script = register(source_of(*SERVING, "claim"))
        self.settle: Script = register(source_of(*SERVING, "settle"), WORDS_OF_A_SETTLEMENT)
        self.extend: Script = register(source_of("head", "extend"))
        self.remove: Script = register(source_of(*PLACES, "remove"))
        self.pause: Script = register(source_of(*PLACES, "pause"))
        self.stats: Script = register(source_of(*HEAD, "stats"))
        self.paused: Script = register(source_of("head", "paused"))
        self.check: Script = register(source_of(*HEAD, "check"))
        self.epoch: Script = register(source_of("head", "epoch"))


class _EachByItself:
    def __init__(self, redis: RedisCluster) -> None:
        self._redis = redis

    def register(self, source: str, _own_words: int = 0) -> Script:
        return self._redis.register_script(source)


def source_of(*names: str) -> str:
    """The text of a script that is made of these files."""
    folder = files("hookline.queue") / "scripts"
    return "\n".join((folder / f"{name}.lua").read_text("utf-8") for name in names)
