"""The embedded Valkey's folder: password, configuration, socket, log and data, for their owner only."""

import fcntl
import hashlib
import os
import re
import secrets
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from hookline.domain.errors import ConfigurationError

SOCKET_PATH_LIMIT = 107
"""Bytes of a unix socket's path; the system's structure has 108 with the end mark (`unix(7)`)."""

_LOG_LIMIT = 1 << 20
_APPEND_ONLY = "appendonlydir"


@dataclass(frozen=True, slots=True)
class ValkeyFolder:
    """Where everything is; `socket` is elsewhere when the folder's own path is too long for one."""

    path: Path
    socket: Path
    password: str

    @property
    def configuration(self) -> Path:
        """The configuration file, which holds the password; command lines can be read by everybody."""
        return self.path / "valkey.conf"

    @property
    def words(self) -> tuple[str, ...]:
        """What the server is started with: it takes a path with wildcards for a pattern of several files.

        Where none is found, it would listen without a password. So no word but ours may open a port.
        """
        path = str(self.configuration)
        name = re.sub(r"[*?\[\\]", r"\\\g<0>", path) if re.search(r"[*?\[]", path) else path
        return (name, "--port", "0")

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.path / "valkey.log"

    @property
    def url(self) -> str:
        """How to connect."""
        return f"unix://:{self.password}@{quote(str(self.socket))}"

    def write_configuration(self) -> None:
        """Write it anew, and begin a new log where the old one has grown."""
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            _ = self.log.replace(self.log.with_suffix(".log.1"))
        settings = {
            "port": b"0",
            "unixsocket": _quoted(self.socket),
            "unixsocketperm": b"700",
            "dir": _quoted(self.path),
            "logfile": _quoted(self.log),
            "requirepass": self.password.encode(),
            "appendonly": b"yes",
            "appenddirname": _APPEND_ONLY.encode(),
            "aof-use-rdb-preamble": b"no",
            "auto-aof-rewrite-min-size": b"16mb",
            "save": b'""',
            "maxmemory-policy": b"noeviction",
        }
        lines = [name.encode() + b" " + value + b"\n" for name, value in settings.items()]
        _write_private(self.configuration, b"".join(lines))

    def lock(self) -> int | None:
        """Open and lock the folder for a server; `None` while one runs.

        The lock belongs to whoever holds the descriptor, so the server inherits it: it lasts until the server
        has ended, whatever became of the process that started it.
        """
        descriptor = os.open(self.path / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        return descriptor

    def move_data_aside(self) -> Path | None:
        """Put the append-only files where they hurt nobody; tells where, `None` where there are none."""
        data = self.path / _APPEND_ONLY
        if not data.exists():
            return None
        numbers = range(1, len(list(self.path.iterdir())) + 2)
        places = (data.with_name(f"{_APPEND_ONLY}.damaged-{number}") for number in numbers)
        return data.rename(next(place for place in places if not place.exists()))


def open_valkey_folder(home: Path) -> ValkeyFolder:
    """Make what is missing.

    Raises:
        ConfigurationError: a folder cannot be used, or belongs to somebody else.
    """
    path = home.absolute() / "valkey"
    try:
        _make_private(path)
        return ValkeyFolder(path, _socket_in(path), _password_in(path))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be used: {error.strerror}") from None


def _socket_in(path: Path) -> Path:
    socket = path / "valkey.sock"
    if len(os.fsencode(socket)) <= SOCKET_PATH_LIMIT:
        return socket
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"hookline-{os.geteuid()}-{digest}"
    _make_private(short)
    socket = short / "valkey.sock"
    if len(os.fsencode(socket)) > SOCKET_PATH_LIMIT:
        raise ConfigurationError(f"{socket}: too long a path for a socket; set TMPDIR to a shorter one")
    return socket


def _make_private(path: Path) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise ConfigurationError(f"{path}: not a folder of this user")
    if stat.S_IMODE(found.st_mode) != stat.S_IRWXU:
        path.chmod(stat.S_IRWXU)


def _password_in(path: Path) -> str:
    file = path / "password"
    password = file.read_text("ascii").strip() if file.exists() else ""
    if not password:
        password = secrets.token_urlsafe(32)
        _write_private(file, password.encode())
    return password


def _write_private(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        _ = file.write(content)
        file.flush()
        os.fsync(descriptor)
    _ = fresh.replace(path)


def _quoted(path: Path) -> bytes:
    return b'"' + re.sub(rb'["\\\r\n]', lambda found: b"\\x%02x" % found[0][0], os.fsencode(path)) + b'"'
