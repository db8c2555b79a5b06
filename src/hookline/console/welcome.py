"""What a start tells people: where each provider sends to, and where its secret is."""

from collections.abc import Iterator

from hookline.domain.source import Source
from hookline.registry import TRAITS
from hookline.settings import Settings


def missing_routes(settings: Settings) -> Iterator[str]:
    """One line for each source that gets no route."""
    for missing in settings.secretless:
        yield f"no route for {missing.provider}/{missing.name}: {missing.variable} is not set"


def welcome(settings: Settings, public_url: str, admin_url: str) -> Iterator[str]:
    """Each source's address and secret, then the listeners; the last line says that webhooks are taken.

    Args:
        settings: those of the gateway.
        public_url: where its public listener is, for a client on this machine.
        admin_url: the same of its admin listener.
    """
    base = (settings.server.public_url or public_url).rstrip("/")
    for source in settings.sources:
        yield f"{source.provider:<7} {base}{source.path}"
        yield f"        {_secret(settings, source)}"
    yield f"admin   {admin_url}/health/ready, {admin_url}/metrics"
    yield f"ready: webhooks at {public_url}"


def _secret(settings: Settings, source: Source) -> str:
    traits, variable = TRAITS[source.provider], source.secret_variable
    is_made = variable in settings.made_secrets
    if is_made and traits.issues_secret:
        return f"development secret, known to `hookline send` only; {traits.paste_at}, and set {variable}"
    place = f"{variable} in {settings.home / 'secrets.json'}" if is_made else f"{variable}, which you set"
    return f"secret: {place}" if traits.issues_secret else f"secret: {place}; paste it at {traits.paste_at}"
