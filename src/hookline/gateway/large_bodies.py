"""Large bodies are understood one at a time, and only so many of their bytes may wait for that."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from hookline.domain.errors import OverloadedError
from hookline.domain.source import MEBIBYTE

MOST_BYTES = 128 * MEBIBYTE


class LargeBodies:
    """Turns of verified bodies that are too large to be read on the event loop."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        """Keep how many bytes may wait, the body under way included."""
        self._most_bytes = most_bytes
        self._bytes = 0
        self._turn = asyncio.Semaphore(1)

    @asynccontextmanager
    async def turn(self, provider: str, size: int) -> AsyncGenerator[None]:
        """Wait for a turn; a single body always gets one.

        Raises:
            OverloadedError: too many bytes wait already.
        """
        if self._bytes and self._bytes + size > self._most_bytes:
            raise OverloadedError(provider, "too many large bodies wait to be read")
        self._bytes += size
        try:
            async with self._turn:
                yield
        finally:
            self._bytes -= size
