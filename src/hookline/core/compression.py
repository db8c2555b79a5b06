"""Bodies at rest: compressed with zstd."""

from collections.abc import Sequence
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


def all_compressed(bodies: Sequence[bytes]) -> list[bytes]:
    """Compress many, in one go: the interpreter is handed to other threads once and not for each."""
    if len(bodies) < _WORTH_GATHERING or not all(bodies):
        return [compressed(body) for body in bodies]
    segments = _of_this_thread.zstd.multi_compress_to_buffer(list(bodies))
    return [segment.tobytes() for segment in segments]


_WORTH_GATHERING = 2
