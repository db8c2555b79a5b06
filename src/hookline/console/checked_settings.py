"""What `hookline doctor` can tell from the settings alone."""

import sys
from collections.abc import Iterator, Mapping
from ipaddress import ip_address

from hookline.console.findings import Finding, fine, problem, warning
from hookline.domain.rules import Allow, Caps, Rule
from hookline.domain.source import Source
from hookline.registry import PROVIDERS, TRAITS, Provider
from hookline.settings import Secretless, Settings

SHORTEST_SECRET = 16
OLDEST_PYTHON = (3, 11)


def settings_findings(settings: Settings, made_secrets: Mapping[str, str]) -> Iterator[Finding]:
    """Everything that the settings tell.

    Args:
        settings: the settings.
        made_secrets: what the embedded default made for itself, by variable.
    """
    yield _python()
    yield fine(
        "settings", f"from {settings.file}" if settings.file else "no hookline.toml; the defaults hold"
    )
    yield from _secrets(settings, made_secrets)
    yield _public_url(settings)
    yield from _listeners(settings)
    for name, provider in PROVIDERS.items():
        if any(source.provider == name for source in settings.sources):
            yield _who_may_ask(name, provider, settings.rules)
    yield _caps(settings.caps)


def _python() -> Finding:
    running = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < OLDEST_PYTHON:
        return problem("python", f"version {running} is too old", "use Python 3.11 or newer")
    return fine("python", f"version {running}")


def _secrets(settings: Settings, made: Mapping[str, str]) -> Iterator[Finding]:
    for source in settings.sources:
        yield _secret(source, made)
    for missing in settings.secretless:
        yield _missing(missing)
    if not settings.sources:
        remedy = "set a secret, or start `hookline serve` once: the embedded default makes some"
        yield problem("secrets", "no source has one, so there is no route for any webhook", remedy)


def _secret(source: Source, made: Mapping[str, str]) -> Finding:
    about, traits = f"secret {source.provider}/{source.name}", TRAITS[source.provider]
    variable = source.secret_variable
    if any(len(secret) < SHORTEST_SECRET for secret in source.secrets):
        remedy = f"use at least {SHORTEST_SECRET} random bytes, here and where it is pasted"
        return warning(about, f"shorter than {SHORTEST_SECRET} bytes, and so guessable", remedy)
    is_made = made.get(variable, "").encode() == source.secrets[0]
    if is_made and traits.issues_secret:
        words = "a development secret that only `hookline send` knows; real webhooks are refused"
        return warning(about, words, f"{traits.paste_at}, and set {variable}")
    if is_made:
        return fine(about, "made by the embedded default", f"paste it at {traits.paste_at}")
    rotation = ", and the previous one is still accepted" if len(source.secrets) > 1 else ""
    return fine(about, f"set{rotation}")


def _missing(missing: Secretless) -> Finding:
    words = "no secret, so its webhooks are answered with 404"
    return warning(f"secret {missing.provider}/{missing.name}", words, f"set {missing.variable} to use it")


def _public_url(settings: Settings) -> Finding:
    url, remedy = settings.server.public_url, 'set public_url = "https://…" in [server] of hookline.toml'
    if url is None:
        words = "not set: `serve` can only tell addresses of this machine, which no provider can reach"
        return warning("public URL", words, remedy)
    if not url.startswith("https://"):
        words = f"{url} is not https: whoever listens on the way can read the webhooks"
        return warning("public URL", words, remedy)
    return fine("public URL", url)


def _listeners(settings: Settings) -> Iterator[Finding]:
    server = settings.server
    yield fine("public listener", f"{server.host}:{server.port}")
    place = f"{server.admin_host}:{server.admin_port}"
    if _is_loopback(server.admin_host):
        yield fine("admin listener", f"{place}, reachable from this machine only")
        return
    words = f"{place} can be reached by others, and shows everything"
    yield warning("admin listener", words, "use 127.0.0.1, or let only trusted networks reach it")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _who_may_ask(name: str, provider: Provider, rules: tuple[Rule, ...]) -> Finding:
    about, who = f"who may ask: {name}", dict[str, list[str]]()
    concerned = [rule for rule in rules if not rule.match.provider or name in rule.match.provider]
    for rule in concerned:
        who.setdefault(_askers(rule.allow, provider), []).append(rule.name)
    if not who:
        return warning(about, "nobody: no rule names it", "add a rule to hookline.toml")
    words = "; ".join(f"{askers} (by {', '.join(names)})" for askers, names in who.items())
    if provider.askers.is_wide and provider.askers.words in who:
        return warning(about, words, "name users or channels in the rule's allow")
    return fine(about, words)


def _askers(allow: Allow, provider: Provider) -> str:
    lists = (
        ("associations", allow.associations),
        ("users", allow.users),
        ("channels", allow.channels),
    )
    named = [f"{kind} {', '.join(sorted(words))}" for kind, words in lists if words]
    return f"only {' and '.join(named)}" if named else provider.askers.words


def _caps(caps: Caps) -> Finding:
    known = (("lane", caps.lane), ("person", caps.person), ("source", caps.source))
    named = [f"{cap} per {scope}" for scope, cap in known if cap is not None]
    if not named:
        return fine("hourly caps", "off: any number of tasks may be asked for", "set [caps] to bound them")
    return fine("hourly caps", ", ".join(named))
