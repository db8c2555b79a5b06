"""The lock of `HOOKLINE_HOME`: one gateway at a time."""

import fcntl
import os
from pathlib import Path

from hookline.domain.errors import ConfigurationError

_FILE = "lock"


class HomeLock:
    """Holds the home folder for this process and the children it forks; the system lets go when they end."""

    def __init__(self, home: Path) -> None:
        """Remember the folder; nothing is locked before `acquire`."""
        self._home = home
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock, making the folder (mode 0700) where it is missing.

        Raises:
            ConfigurationError: another process holds it, or the folder cannot be used.
        """
        if self._descriptor is not None:
            return
        try:
            self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._home / _FILE, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ConfigurationError(f"{self._home}: cannot be used: {error.strerror}") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise ConfigurationError(
                f"{self._home} is in use by another Hookline (process {holder}): "
                "stop it, or give this one a folder of its own with HOOKLINE_HOME"
            ) from None
        os.ftruncate(descriptor, 0)
        _ = os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go of the lock; no effect where it is not held."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
