"""A configured sender of webhooks."""

from dataclasses import dataclass, field

DEFAULT_SOURCE = "default"
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """One sender of a provider, with its own secrets.

    `secrets` holds the current secret first and the previous one, if any, second; it is never empty.
    `secret_variable` is the environment variable that the current one comes from.
    `realm` names the namespace its ids live in: empty for the default source. `bot_names` are the ids or
    names under which the gateway itself acts there, used to ignore its own words.
    `max_body` is in bytes.
    """

    provider: str
    name: str = DEFAULT_SOURCE
    realm: str = ""
    secrets: tuple[bytes, ...] = field(default=(), repr=False)
    bot_names: frozenset[str] = frozenset()
    max_body: int = 25 * MEBIBYTE
    secret_variable: str = ""

    @property
    def path(self) -> str:
        """The path of its route."""
        tail = "" if self.name == DEFAULT_SOURCE else f"/{self.name}"
        return f"/webhooks/{self.provider}{tail}"

    @property
    def namespace(self) -> str:
        """The prefix of all its keys: `provider` or `provider@realm`."""
        return f"{self.provider}@{self.realm}" if self.realm else self.provider
