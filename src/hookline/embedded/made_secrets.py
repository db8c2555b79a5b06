"""Secrets that the embedded default makes on its first start, kept readable by their owner only."""

import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from hookline.domain.errors import ConfigurationError

_FILE = "secrets.json"
_SECRETS: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, str])


def read_made_secrets(home: Path) -> Mapping[str, str]:
    """The secrets made before, by environment variable; none where nothing was started yet.

    Raises:
        ConfigurationError: the file cannot be read, or is not what was written.
    """
    path = home / _FILE
    try:
        return _SECRETS.validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError:
        raise ConfigurationError(
            f"{path}: not the JSON object of secrets that was written; restore or remove it"
        ) from None


def make_secrets(home: Path, variables: Iterable[str]) -> Mapping[str, str]:
    """Make what is missing; a file that is there is only ever added to, by replacing it whole."""
    known = dict(read_made_secrets(home))
    missing = [variable for variable in variables if variable not in known]
    if missing:
        known.update({variable: secrets.token_urlsafe(32) for variable in missing})
        _replace(home / _FILE, _SECRETS.dump_json(known, indent=2) + b"\n")
    return known


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        _ = file.write(content)
        file.flush()
        os.fsync(descriptor)
    _ = fresh.replace(path)
