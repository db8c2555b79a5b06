"""Connections to Redis and Valkey: from a URL, with time-outs and without silent repetition."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from hookline.domain.errors import ConfigurationError

_SCHEMES = frozenset({"redis", "rediss", "unix"})
_NOT_YET = frozenset({"redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"})
_MAX_CONNECTIONS = 32


def open_redis(url: str, answer_within: timedelta = timedelta(seconds=1)) -> Redis:
    """Make a client; it connects with its first command.

    redis-py repeats a timed-out command by itself, up to eleven times. Here nothing is repeated, since only
    the caller knows what may be.

    Args:
        url: `redis://`, `rediss://` or `unix://`; its query may hold options of redis-py.
        answer_within: for a connection and for each answer, unless the URL says otherwise.

    Raises:
        ConfigurationError: the URL is of another kind or malformed. The error never tells the URL, which may
            hold a password.
    """
    try:
        options = parse_url(_with_defaults(url, answer_within))
        pool = BlockingConnectionPool(**options, retry=Retry(NoBackoff(), 0))
        _ = pool.make_connection()
    except (ValueError, TypeError):
        raise ConfigurationError("the Redis URL has a part or an option that cannot be understood") from None
    return Redis.from_pool(pool)


def _with_defaults(url: str, answer_within: timedelta) -> str:
    parts = urlsplit(url)
    if parts.scheme in _NOT_YET:
        raise ConfigurationError(f"Redis URLs of the kind {parts.scheme}:// are not supported yet")
    if parts.scheme not in _SCHEMES:
        raise ConfigurationError("the Redis URL must begin with redis://, rediss:// or unix://")
    if parts.scheme == "unix" and not parts.path:
        raise ConfigurationError("the Redis URL must name the socket: unix:///path/to/socket")
    seconds = str(answer_within.total_seconds())
    defaults = {
        "max_connections": str(_MAX_CONNECTIONS),
        "timeout": seconds,
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
        "protocol": "2",
    }
    query = urlencode({**defaults, **dict(parse_qsl(parts.query))})
    return urlunsplit(parts._replace(query=query))
