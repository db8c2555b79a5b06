"""Connections to Redis and Valkey: from a URL, with time-outs and without silent repetition."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException

from hookline.domain.errors import ConfigurationError
from hookline.queue.groups import Address, AnyNode, Server, cluster_of, primary_of

_SCHEMES = frozenset({"redis", "rediss", "unix"})
_GROUPS = {"redis+sentinel": 26379, "rediss+sentinel": 26379, "redis+cluster": 6379, "rediss+cluster": 6379}
_SENTINELS_SIGN_IN = {"sentinel_username": "username", "sentinel_password": "password"}
_MAX_CONNECTIONS = 32
_MAX_CONNECTIONS_OF_GROUPS = 1024


def open_redis(url: str, answer_within: timedelta = timedelta(seconds=1)) -> Server:
    """Make a client; it connects with its first command.

    redis-py repeats a timed-out command by itself, up to eleven times. Here nothing is repeated, since only
    the caller knows what may be; in a cluster once, at the node that has the key by then.

    Args:
        url: `redis://`, `rediss://` or `unix://`; `redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/DATABASE`;
            `redis+cluster://HOST:PORT,HOST:PORT`. With `rediss+` in place of `redis+` all is encrypted. Its
            query may hold options of redis-py, and `sentinel_username` and `sentinel_password`.
        answer_within: for a connection and for each answer, unless the URL says otherwise.

    Raises:
        ConfigurationError: the URL is of another kind or malformed. The error never tells the URL, which may
            hold a password.
    """
    try:
        parts = urlsplit(url)
        if parts.scheme not in _GROUPS:
            return _one_server(parts, answer_within)
        if parts.scheme.endswith("+cluster"):
            return cluster_of(_addresses(parts), _url_of_group(parts, answer_within, parts.path))
        return _primary(parts, answer_within)
    except (ValueError, TypeError, RedisClusterException):
        raise ConfigurationError("the Redis URL has a part or an option that cannot be understood") from None


def open_line(url: str, answer_within: timedelta = timedelta(seconds=1)) -> Redis | AnyNode:
    """Make a client to listen with; in a cluster of any node, since each hears what all are told.

    Raises:
        ConfigurationError: as `open_redis` does.
    """
    opened = open_redis(url, answer_within)
    if isinstance(opened, Redis):
        return opened
    parts = urlsplit(url)
    scheme = parts.scheme.partition("+")[0]
    sign_in, at, hosts = parts.netloc.rpartition("@")
    each = [parts._replace(scheme=scheme, netloc=f"{sign_in}{at}{host}") for host in hosts.split(",")]
    return AnyNode([_one_server(node, answer_within) for node in each], opened)


def _one_server(parts: SplitResult, answer_within: timedelta) -> Redis:
    if parts.scheme not in _SCHEMES:
        raise ConfigurationError(
            "the Redis URL must begin with redis://, rediss:// or unix://, or name a group"
        )
    if parts.scheme == "unix" and not parts.path:
        raise ConfigurationError("the Redis URL must name the socket: unix:///path/to/socket")
    seconds = str(answer_within.total_seconds())
    defaults = {**_defaults(answer_within), "max_connections": str(_MAX_CONNECTIONS), "timeout": seconds}
    query = urlencode({**defaults, **dict(parse_qsl(parts.query))})
    options = parse_url(urlunsplit(parts._replace(query=query)))
    pool = BlockingConnectionPool(**options, retry=Retry(NoBackoff(), 0))
    _ = pool.make_connection()
    return Redis.from_pool(pool)


def _primary(parts: SplitResult, answer_within: timedelta) -> Redis:
    service, _, database = parts.path.strip("/").partition("/")
    if not service:
        raise ConfigurationError("the Redis URL must name the service: redis+sentinel://host:port/service")
    given = dict(parse_qsl(parts.query))
    sign_in = {own: given.pop(name) for name, own in _SENTINELS_SIGN_IN.items() if name in given}
    url = _url_of_group(parts._replace(query=urlencode(given)), answer_within, f"/{database}")
    return primary_of(_addresses(parts), service, url, answer_within.total_seconds(), sign_in)


def _url_of_group(parts: SplitResult, answer_within: timedelta, path: str) -> str:
    scheme = parts.scheme.partition("+")[0]
    sign_in, at, hosts = parts.netloc.rpartition("@")
    given = dict(parse_qsl(parts.query))
    query = urlencode({**_defaults(answer_within), "max_connections": _MAX_CONNECTIONS_OF_GROUPS, **given})
    return urlunsplit((scheme, f"{sign_in}{at}{hosts.split(',')[0]}", path, query, ""))


def _addresses(parts: SplitResult) -> Sequence[Address]:
    each = [urlsplit(f"//{host}") for host in parts.netloc.rpartition("@")[2].split(",")]
    return [(host.hostname or "localhost", host.port or _GROUPS[parts.scheme]) for host in each]


def _defaults(answer_within: timedelta) -> Mapping[str, str]:
    seconds = str(answer_within.total_seconds())
    return {"socket_timeout": seconds, "socket_connect_timeout": seconds, "protocol": "2"}
