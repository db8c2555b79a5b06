"""What the rest of Hookline needs to know of a provider beside its handler."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProviderTraits:
    """Facts about a provider's webhooks.

    `secret_variable` is the environment variable of the default source's secret. `has_global_ids` tells that
    ids of several sources mean the same things, so that they share one namespace. `issues_secret` tells that
    the provider makes the secret itself; otherwise `paste_at` says where to paste ours.
    """

    name: str
    secret_variable: str
    paste_at: str
    has_global_ids: bool = False
    issues_secret: bool = False
