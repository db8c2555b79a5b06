"""What a server that fails is to the parts that ask the queue."""

from collections.abc import Generator
from contextlib import contextmanager

from redis.exceptions import RedisClusterException, RedisError

from hookline.domain.errors import QueueUnavailableError


@contextmanager
def unavailable() -> Generator[None]:
    """Let every failure of the client leave as one.

    Raises:
        QueueUnavailableError: names the kind of failure, and nothing of the server's address.
    """
    try:
        yield
    except (RedisError, RedisClusterException, OSError, TimeoutError) as error:
        why = type(error.__cause__ or error).__name__
        raise QueueUnavailableError(f"the queue's server failed: {why}") from error
