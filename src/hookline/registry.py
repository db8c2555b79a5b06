"""The providers there are: a fifth one is one more entry here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from hookline.domain.ids import Clock
from hookline.domain.policy import Policy
from hookline.domain.provider import ProviderTraits
from hookline.domain.source import Source
from hookline.domain.webhook import WebhookHandler
from hookline.webhooks.github_handler import GithubHandler
from hookline.webhooks.jira_handler import JiraHandler
from hookline.webhooks.sentry_handler import SentryHandler
from hookline.webhooks.slack_handler import SlackHandler


class HandlerFactory(Protocol):
    """Makes the handler of one source."""

    def __call__(self, source: Source, policy: Policy, clock: Clock, /) -> WebhookHandler:
        """Make it."""
        ...


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider: its traits and its handler."""

    traits: ProviderTraits
    handler: HandlerFactory


_PROVIDERS = (
    Provider(
        ProviderTraits(
            name="github",
            secret_variable="GITHUB_WEBHOOK_SECRET",
            paste_at="the repository's or App's Settings, Webhooks, field Secret",
            has_global_ids=True,
        ),
        GithubHandler,
    ),
    Provider(
        ProviderTraits(
            name="jira",
            secret_variable="JIRA_WEBHOOK_SECRET",
            paste_at="Jira's Settings, System, WebHooks, field Secret",
        ),
        JiraHandler,
    ),
    Provider(
        ProviderTraits(
            name="slack",
            secret_variable="SLACK_SIGNING_SECRET",
            paste_at="copy the Signing Secret from your Slack app's Basic Information",
            has_global_ids=True,
            issues_secret=True,
        ),
        SlackHandler,
    ),
    Provider(
        ProviderTraits(
            name="sentry",
            secret_variable="SENTRY_WEBHOOK_SECRET",
            paste_at="copy the Client Secret from your internal integration in Sentry",
            issues_secret=True,
        ),
        SentryHandler,
    ),
)

PROVIDERS: Mapping[str, Provider] = {provider.traits.name: provider for provider in _PROVIDERS}
TRAITS: Mapping[str, ProviderTraits] = {name: provider.traits for name, provider in PROVIDERS.items()}
