"""Typed settings from the environment and `hookline.toml`; anything wrong stops the start."""

import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import quote

from hookline.core.default_rules import DEFAULT_RULES
from hookline.domain.errors import ConfigurationError
from hookline.domain.provider import ProviderTraits
from hookline.domain.queue import Terms
from hookline.domain.rules import Caps, Rule
from hookline.domain.source import DEFAULT_SOURCE, MEBIBYTE, Source
from hookline.settings_file import (
    MOST_WORKERS,
    FileSettings,
    LaneSection,
    RetentionSection,
    ServerSection,
    SourceSection,
    read_file,
)
from hookline.settings_hints import refuse_mistyped


@dataclass(frozen=True, slots=True)
class Secretless:
    """A source that has no route, for want of a secret."""

    provider: str
    name: str
    variable: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set, resolved.

    `redis_url` is `None` where the embedded server is used; `is_embedded` tells whether the database is
    the embedded one too, the only case in which secrets are made.
    """

    home: Path
    file: Path | None
    database_url: str = field(repr=False)
    redis_url: str | None = field(repr=False)
    task_logs_dir: Path
    is_embedded: bool
    handle: str
    sources: tuple[Source, ...]
    secretless: tuple[Secretless, ...]
    made_secrets: frozenset[str]
    rules: tuple[Rule, ...]
    has_own_rules: bool
    caps: Caps
    server: ServerSection
    retention: RetentionSection
    lanes: tuple[LaneSection, ...] = ()
    partitions: int = 1
    lease: timedelta = timedelta(minutes=1)

    def terms_of(self, lane: str) -> Terms:
        """How a lane is served: as the first section that matches it says."""
        for section in self.lanes:
            if lane == section.lane or (section.lane.endswith("*") and lane.startswith(section.lane[:-1])):
                return Terms(section.weight, section.cap)
        return Terms()

    @property
    def trusted_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of the trusted proxies."""
        return tuple(ip_network(text) for text in self.server.trusted_proxies)


def home_of(environment: Mapping[str, str]) -> Path:
    """The folder of the embedded default's data: `HOOKLINE_HOME`, or one in the user's data folder."""
    if given := environment.get("HOOKLINE_HOME"):
        return Path(given).expanduser().absolute()
    data = environment.get("XDG_DATA_HOME") or "~/.local/share"
    return (Path(data) / "hookline").expanduser().absolute()


def load_settings(
    environment: Mapping[str, str],
    providers: Mapping[str, ProviderTraits],
    made_secrets: Mapping[str, str],
) -> Settings:
    """Read the file and the environment.

    Args:
        environment: the process's environment.
        providers: what providers there are.
        made_secrets: secrets that the embedded default made for itself, by variable.

    Raises:
        ConfigurationError: an unknown key or a wrong value; names the file, the key and what was expected.
    """
    home = home_of(environment)
    path = _file_of(environment, home)
    file = read_file(path) if path else FileSettings()
    named = (section.secret_env for section in file.sources if section.secret_env)
    refuse_mistyped(environment, (v for name in named for v in (name, f"{name}_PREVIOUS")))
    is_embedded = not environment.get("DATABASE_URL")
    secrets = {**(made_secrets if is_embedded else {}), **{k: v for k, v in environment.items() if v}}
    with _named(path):
        _refuse_unknown_providers(file.rules or (), providers)
        sources, secretless = _sources(file.sources, providers, secrets)
    return Settings(
        home=home,
        file=path,
        database_url=environment.get("DATABASE_URL") or f"sqlite:///{quote(str(home / 'hookline.db'))}",
        redis_url=environment.get("REDIS_URL") or None,
        task_logs_dir=Path(environment.get("TASK_LOGS_DIR") or home / "task-logs").expanduser().absolute(),
        is_embedded=is_embedded,
        handle=file.handle,
        sources=sources,
        secretless=secretless,
        made_secrets=frozenset(k for k in made_secrets if is_embedded and not environment.get(k)),
        rules=DEFAULT_RULES if file.rules is None else file.rules,
        has_own_rules=file.rules is not None,
        caps=file.caps,
        server=_server(file.server, environment),
        retention=file.retention,
        lanes=file.lanes,
        partitions=file.queue.partitions,
        lease=timedelta(seconds=file.queue.lease_seconds),
    )


@contextmanager
def _named(path: Path | None) -> Generator[None]:
    """Let errors about what the file says name the file."""
    try:
        yield
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}" if path else str(error)) from None


def _refuse_unknown_providers(rules: Sequence[Rule], providers: Mapping[str, ProviderTraits]) -> None:
    for at, rule in enumerate(rules):
        for unknown in sorted(rule.match.provider - providers.keys()):
            known = ", ".join(sorted(providers))
            raise ConfigurationError(
                f"rules.{at}.match.provider: there is no provider {unknown}; expected some of {known}"
            )


def _file_of(environment: Mapping[str, str], home: Path) -> Path | None:
    if given := environment.get("HOOKLINE_CONFIG"):
        path = Path(given).expanduser()
        if not path.is_file():
            raise ConfigurationError(f"HOOKLINE_CONFIG names {path}, which is not a file")
        return path
    for path in (Path("hookline.toml"), home / "hookline.toml"):
        if path.is_file():
            return path
    return None


def _server(section: ServerSection, environment: Mapping[str, str]) -> ServerSection:
    changes: dict[str, str | int] = {}
    for name, variable in (("host", "HOOKLINE_HOST"), ("admin_host", "HOOKLINE_ADMIN_HOST")):
        if value := environment.get(variable):
            changes[name] = value
    for name, variable in (("port", "HOOKLINE_PORT"), ("admin_port", "HOOKLINE_ADMIN_PORT")):
        if value := environment.get(variable):
            changes[name] = _port(variable, value)
    if value := environment.get("HOOKLINE_WORKERS"):
        changes["workers"] = _workers(value)
    return section.model_copy(update=changes)


def _workers(value: str) -> int:
    if not (_NUMBER.fullmatch(value) and 1 <= int(value) <= MOST_WORKERS):
        raise ConfigurationError(f"HOOKLINE_WORKERS: expected a number from 1 to {MOST_WORKERS}")
    return int(value)


def _port(variable: str, value: str) -> int:
    if not (_NUMBER.fullmatch(value) and int(value) <= _LAST_PORT):
        raise ConfigurationError(f"{variable}: expected a port number from 0 to {_LAST_PORT}")
    return int(value)


_LAST_PORT = 65_535
_NUMBER = re.compile("[0-9]{1,6}")


def _sources(
    sections: tuple[SourceSection, ...],
    providers: Mapping[str, ProviderTraits],
    secrets: Mapping[str, str],
) -> tuple[tuple[Source, ...], tuple[Secretless, ...]]:
    named = {(section.provider, section.name) for section in sections}
    if len(named) != len(sections):
        raise ConfigurationError(f"two sources on one path: {_twice(sections)}")
    defaults = tuple(
        SourceSection(provider=provider) for provider in providers if (provider, DEFAULT_SOURCE) not in named
    )
    sources: list[Source] = []
    secretless: list[Secretless] = []
    for section in (*defaults, *sections):
        traits = _traits(section, providers)
        variable = _variable(section, traits)
        values = tuple(
            _secret(name, secrets[name]) for name in (variable, f"{variable}_PREVIOUS") if name in secrets
        )
        if variable in secrets:
            sources.append(_source(section, traits, variable, values))
        else:
            secretless.append(Secretless(section.provider, section.name, variable))
    return tuple(sources), tuple(secretless)


def _secret(variable: str, value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise ConfigurationError(f"{variable}: expected text in UTF-8") from None


def _twice(sections: tuple[SourceSection, ...]) -> str:
    paths = [Source(section.provider, section.name).path for section in sections]
    return next(path for path in paths if paths.count(path) > 1)


def _traits(section: SourceSection, providers: Mapping[str, ProviderTraits]) -> ProviderTraits:
    if section.provider not in providers:
        known = ", ".join(sorted(providers))
        raise ConfigurationError(f"sources: there is no provider {section.provider}; expected one of {known}")
    return providers[section.provider]


def _variable(section: SourceSection, traits: ProviderTraits) -> str:
    if section.secret_env:
        return section.secret_env
    if section.name == DEFAULT_SOURCE:
        return traits.secret_variable
    raise ConfigurationError(f"sources: {section.provider}/{section.name} needs secret_env")


def _source(
    section: SourceSection, traits: ProviderTraits, variable: str, secrets: tuple[bytes, ...]
) -> Source:
    own_realm = "" if section.name == DEFAULT_SOURCE or traits.has_global_ids else section.name
    return Source(
        provider=section.provider,
        name=section.name,
        realm=own_realm if section.realm is None else section.realm,
        secrets=secrets,
        bot_names=section.bot_names,
        max_body=int(section.max_body_mib * MEBIBYTE),
        secret_variable=variable,
    )
