"""The file `hookline.toml`: its sections, read strictly."""

import tomllib
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from hookline.domain.errors import ConfigurationError
from hookline.domain.retention import MOST_DAYS
from hookline.domain.rules import Caps, Rule
from hookline.domain.source import DEFAULT_SOURCE
from hookline.settings_hints import keys_expected

PUBLIC_PORT = 8000
ADMIN_PORT = 8001
LOOPBACK = "127.0.0.1"
MOST_WORKERS = 64

_TOML: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])
_Port = Annotated[int, Field(ge=0, le=65535)]
_NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,62}$"


def _network(text: str) -> str:
    _ = ip_network(text)
    return text


class _Section(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class SourceSection(_Section):
    """A further source, or more about a default one (`name = "default"`)."""

    provider: str = Field(pattern=_NAME_PATTERN)
    name: str = Field(default=DEFAULT_SOURCE, pattern=_NAME_PATTERN)
    realm: str | None = Field(default=None, pattern=r"^([a-z0-9][a-z0-9_-]{0,62})?$")
    secret_env: str | None = Field(default=None, pattern=r"^[A-Z][A-Z0-9_]*$")
    bot_names: Annotated[frozenset[str], Field(strict=False)] = frozenset()
    max_body_mib: float = Field(default=25, gt=0, le=100)


class ServerSection(_Section):
    """Where to listen, and who may talk to the admin listener."""

    host: str = LOOPBACK
    port: _Port = PUBLIC_PORT
    admin_host: str = LOOPBACK
    admin_port: _Port = ADMIN_PORT
    allowed_hosts: tuple[str, ...] = Field(default=("localhost", "127.0.0.1", "[::1]"), strict=False)
    workers: int = Field(default=1, ge=1, le=MOST_WORKERS)
    public_url: str | None = Field(default=None, pattern=r"^https?://[^\s/]+(/[^\s]*)?$")
    body_seconds: float = Field(default=10, gt=0, le=600)
    trusted_proxies: tuple[Annotated[str, AfterValidator(_network)], ...] = Field(default=(), strict=False)


class LaneSection(_Section):
    """How lanes are served; the first section that matches a lane holds, `lane` may end in `*`."""

    lane: str = Field(min_length=1, max_length=255)
    weight: float = Field(default=1, ge=0.01, le=100)
    cap: int = Field(default=0, ge=0, le=10_000)


class QueueSection(_Section):
    """How the queue is laid out in Redis, and how long a worker's sign of life holds."""

    partitions: int = Field(default=1, ge=1, le=256)
    lease_seconds: float = Field(default=60, ge=1, le=3_600)


class RetentionSection(_Section):
    """After how many days `hookline db prune` forgets; keys outlive bodies."""

    bodies_days: int = Field(default=30, ge=1, le=MOST_DAYS)
    deliveries_days: int = Field(default=180, ge=1, le=MOST_DAYS)
    keys_days: int = Field(default=400, ge=1, le=MOST_DAYS)

    @model_validator(mode="after")
    def keep_keys_longest(self) -> "RetentionSection":
        """Refuse keys that are forgotten before the deliveries they guard."""
        if self.keys_days < max(self.bodies_days, self.deliveries_days):
            raise ValueError("keys_days must be at least bodies_days and deliveries_days")
        return self


class FileSettings(_Section):
    """The whole of `hookline.toml`."""

    handle: str = Field(default="agent", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,38}$")
    sources: tuple[SourceSection, ...] = Field(default=(), strict=False)
    rules: tuple[Rule, ...] | None = Field(default=None, strict=False)
    caps: Caps = Caps()
    server: ServerSection = ServerSection()
    retention: RetentionSection = RetentionSection()
    lanes: tuple[LaneSection, ...] = Field(default=(), strict=False)
    queue: QueueSection = QueueSection()


def read_file(path: Path) -> FileSettings:
    """Read the file.

    Raises:
        ConfigurationError: it cannot be read, has an unknown key or a wrong value.
    """
    try:
        content = _TOML.validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
        settings = FileSettings.model_validate(content)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: not valid TOML: {error}") from None
    except ValidationError as error:
        raise ConfigurationError(f"{path}: {describe_first(error)}") from None
    _refuse_unbuilt(settings.rules or (), path)
    return settings


def describe_first(error: ValidationError) -> str:
    """The first thing that is wrong: the key and what was expected, never the value."""
    first = error.errors(include_url=False, include_input=False)[0]
    key = ".".join(str(part) for part in first["loc"]) or "the file"
    if first["type"] == "extra_forbidden":
        known = keys_expected(FileSettings.model_json_schema(), first["loc"][:-1])
        return f"{key}: unknown key; expected {'one of ' if len(known) > 1 else ''}{', '.join(known)}"
    return f"{key}: {first['msg']}"


def _refuse_unbuilt(rules: tuple[Rule, ...], path: Path) -> None:
    for at, rule in enumerate(rules):
        if rule.allow.write_permission:
            raise ConfigurationError(
                f"{path}: rules.{at}.allow.write_permission: asking the provider is not built yet; "
                "name associations or users instead"
            )
