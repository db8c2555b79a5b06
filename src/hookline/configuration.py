"""Settings of this installation: environment, file, and the secrets that the embedded default made."""

from collections.abc import Mapping

from hookline.domain.errors import ConfigurationError
from hookline.embedded.made_secrets import make_secrets, read_made_secrets
from hookline.registry import TRAITS
from hookline.settings import Settings, home_of, load_settings


def settings_for_serving(environment: Mapping[str, str]) -> Settings:
    """Settings of a gateway; the embedded default's missing secrets are made."""
    made: Mapping[str, str] = {}
    if not environment.get("DATABASE_URL"):
        home = home_of(environment)
        try:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            made = make_secrets(home, [traits.secret_variable for traits in TRAITS.values()])
        except OSError as error:
            raise ConfigurationError(f"HOOKLINE_HOME: {home} cannot be used: {error.strerror}") from None
    return load_settings(environment, TRAITS, made)


def settings_for_reading(environment: Mapping[str, str]) -> Settings:
    """Settings of a command beside a gateway; nothing is made."""
    return load_settings(environment, TRAITS, read_made_secrets(home_of(environment)))
