"""Ports for servers that tests start: below those that the system gives out, so that nobody is first."""

import os
import socket
from itertools import cycle

PORTS_OF_A_PROCESS = 100
_FIRST = 16_384 + os.getpid() % 160 * PORTS_OF_A_PROCESS
_numbers = cycle(range(_FIRST, _FIRST + PORTS_OF_A_PROCESS))


def free_port() -> int:
    """A port on which nobody listens; the next calls give others."""
    return next(port for port in _numbers if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
