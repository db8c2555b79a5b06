"""Bodies at rest: compressed with zstd."""

from threading import local

from zstandard import ZstdCompressor

_LEVEL = 1


class _Compressor(local):
    def __init__(self) -> None:
        self.zstd = ZstdCompressor(level=_LEVEL)


_of_this_thread = _Compressor()


def compressed(body: bytes) -> bytes:
    """Compress; a compressor serves one call at a time, so each thread has its own."""
    return _of_this_thread.zstd.compress(body)
