"""Servers that are several: a primary that sentinels name, and a cluster."""

from collections.abc import Awaitable, Mapping, Sequence
from itertools import cycle
from typing import Protocol, TypeAlias

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

from hookline.queue.layout import IS_ANYBODY_THERE
from hookline.queue.together import Reply

_ASK = "return redis.call('PUBLISH', KEYS[1], ARGV[1])"

Server: TypeAlias = Redis | RedisCluster
"""One server, the primary that sentinels name, or a cluster."""

Address: TypeAlias = tuple[str, int]


class Message(Protocol):
    """What a subscription hears, not yet checked."""


class Line(Protocol):
    """A subscription."""

    def subscribe(self, *channels: str) -> Awaitable[None]:
        """Hear what these channels are told from now on."""
        ...

    def get_message(self, *, timeout: float | None) -> Awaitable[Message | None]:
        """Wait for a message, so many seconds."""
        ...

    def ping(self) -> Awaitable[Reply | None]:
        """Ask whether the server is there; it answers with a message."""
        ...

    def aclose(self) -> Awaitable[None]:
        """Let go of the connection."""
        ...


class Listened(Protocol):
    """A client that subscriptions are made with."""

    def pubsub(self) -> Line:
        """Make one; it connects when it subscribes."""
        ...

    def aclose(self) -> Awaitable[None]:
        """Let go of all connections."""
        ...


class _Speaker(Protocol):
    def eval(self, script: str, numkeys: int, *words: str) -> Awaitable[Reply]: ...
    def aclose(self) -> Awaitable[None]: ...


class _LineOfCluster:
    """A subscription at one node, which is asked through the node that a channel's name belongs to.

    A node that was taken out of its cluster answers as before, but hears nothing of the others.
    """

    def __init__(self, line: Line, speaker: _Speaker) -> None:
        self._line = line
        self._speaker = speaker
        self._channels: tuple[str, ...] = ()

    def subscribe(self, *channels: str) -> Awaitable[None]:
        self._channels = channels
        return self._line.subscribe(*channels)

    def get_message(self, *, timeout: float | None) -> Awaitable[Message | None]:
        return self._line.get_message(timeout=timeout)

    def ping(self) -> Awaitable[Reply]:
        return self._speaker.eval(_ASK, 1, self._channels[0], IS_ANYBODY_THERE)

    def aclose(self) -> Awaitable[None]:
        return self._line.aclose()


class AnyNode:
    """Nodes of a cluster of which one is listened to, and the next one where it fails."""

    def __init__(self, nodes: Sequence[Listened], cluster: _Speaker) -> None:
        """Keep a client for each, and one of all."""
        self._nodes = nodes
        self._cluster = cluster
        self._next = cycle(nodes)

    def pubsub(self) -> Line:
        """Make a subscription at the next node."""
        return _LineOfCluster(next(self._next).pubsub(), self._cluster)

    async def aclose(self) -> None:
        """Let go of all connections."""
        for server in (*self._nodes, self._cluster):
            await server.aclose()


class _PrimaryPool(SentinelConnectionPool):
    _sentinels: Sequence[Redis] = ()

    def knows(self, sentinels: Sequence[Redis]) -> None:
        self._sentinels = sentinels

    async def aclose(self) -> None:
        await super().aclose()
        for sentinel in self._sentinels:
            await sentinel.aclose()


def primary_of(
    sentinels: Sequence[Address], service: str, url: str, answer_within: float, sign_in: Mapping[str, str]
) -> Redis:
    """Make a client of the primary that these sentinels name, whichever it is.

    Args:
        sentinels: where they are.
        service: what they call it.
        url: says how to connect to the primary; its host is not used.
        answer_within: how many seconds a sentinel may take to answer.
        sign_in: `username` and `password` for the sentinels, where they want any.
    """
    options = parse_url(url)
    _ = options.pop("host", None), options.pop("port", None)
    is_encrypted = options.pop("connection_class", None) is SSLConnection
    retry = Retry(NoBackoff(), 0)
    times = {"socket_timeout": answer_within, "socket_connect_timeout": answer_within}
    manager = Sentinel(sentinels, sentinel_kwargs={**times, **sign_in, "ssl": is_encrypted, "retry": retry})
    pool = _PrimaryPool(service, manager, retry=retry, ssl=is_encrypted, **options)
    pool.knows(manager.sentinels)
    _ = pool.make_connection()
    return Redis.from_pool(pool)


class _Cluster(RedisCluster):
    """A client that closes also after a failure; redis-py's does only when it knows the cluster's layout."""

    async def aclose(self) -> None:
        await super().aclose()
        await self.nodes_manager.aclose()
        await self.nodes_manager.aclose("startup_nodes")


def cluster_of(nodes: Sequence[Address], url: str) -> RedisCluster:
    """Make a client of a cluster that some of its nodes tell of; the URL is that of any."""
    startup = [ClusterNode(host, port) for host, port in nodes]
    return _Cluster.from_url(url, startup_nodes=startup, retry=Retry(NoBackoff(), 1))
