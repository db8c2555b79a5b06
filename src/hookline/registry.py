"""The providers there are: a fifth one is one more entry here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from hookline.core.samples import SampleBook
from hookline.domain.ids import Clock
from hookline.domain.policy import Policy
from hookline.domain.provider import ProviderTraits
from hookline.domain.source import Source
from hookline.domain.webhook import WebhookHandler
from hookline.webhooks.github.samples import SAMPLES as GITHUB_SAMPLES
from hookline.webhooks.github_handler import GithubHandler
from hookline.webhooks.jira.samples import SAMPLES as JIRA_SAMPLES
from hookline.webhooks.jira_handler import JiraHandler
from hookline.webhooks.sentry.samples import SAMPLES as SENTRY_SAMPLES
from hookline.webhooks.sentry_handler import SentryHandler
from hookline.webhooks.slack.samples import SAMPLES as SLACK_SAMPLES
from hookline.webhooks.slack_handler import SlackHandler


class HandlerFactory(Protocol):
    """Makes the handler of one source."""

    def __call__(self, source: Source, policy: Policy, clock: Clock, /) -> WebhookHandler:
        """Make it."""
        ...


@dataclass(frozen=True, slots=True)
class Askers:
    """Who may ask where a rule names nobody, in words for `doctor`.

    `is_wide` is set where these are more people than an operator may expect.
    """

    words: str
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider: its traits, its handler, its samples, and who may ask by default."""

    traits: ProviderTraits
    handler: HandlerFactory
    samples: SampleBook
    askers: Askers


_PROVIDERS = (
    Provider(
        ProviderTraits(
            "github",
            "GITHUB_WEBHOOK_SECRET",
            paste_at="the repository's or App's Settings, Webhooks, field Secret",
            has_global_ids=True,
        ),
        GithubHandler,
        GITHUB_SAMPLES,
        Askers("owners, members and collaborators of the repository"),
    ),
    Provider(
        ProviderTraits(
            "jira",
            "JIRA_WEBHOOK_SECRET",
            paste_at="Jira's Settings, System, WebHooks, field Secret",
        ),
        JiraHandler,
        JIRA_SAMPLES,
        Askers("licensed accounts of a Cloud site; nobody on Data Center, which does not tell"),
    ),
    Provider(
        ProviderTraits(
            "slack",
            "SLACK_SIGNING_SECRET",
            paste_at="copy the Signing Secret from your Slack app's Basic Information",
            has_global_ids=True,
            issues_secret=True,
        ),
        SlackHandler,
        SLACK_SAMPLES,
        Askers(
            "every member of the installed workspace, guests included, outside of shared channels",
            is_wide=True,
        ),
    ),
    Provider(
        ProviderTraits(
            "sentry",
            "SENTRY_WEBHOOK_SECRET",
            paste_at="copy the Client Secret from your internal integration in Sentry",
            issues_secret=True,
        ),
        SentryHandler,
        SENTRY_SAMPLES,
        Askers("the alerts of its projects, and every person who comments there"),
    ),
)

PROVIDERS: Mapping[str, Provider] = {provider.traits.name: provider for provider in _PROVIDERS}
TRAITS: Mapping[str, ProviderTraits] = {name: provider.traits for name, provider in PROVIDERS.items()}
