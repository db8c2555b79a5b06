"""Bodies of Sentry's integration platform webhooks, as far as they are used.

Source: docs.sentry.io/organization/integrations/integration-platform/webhooks. Ids are numbers in some events
and strings in others; `actor` may be missing; older installations send no web addresses.
"""

from typing import Annotated

from pydantic import AliasChoices, Field

from hookline.core.payloads import ProviderModel
from hookline.domain.text import CleanText, ExternalId

PROVIDER = "sentry"

RequiredId = Annotated[ExternalId, Field(min_length=1)]


class ActorField(ProviderModel):
    """Who acted: `user`, or `application`, which is Sentry itself under the id `sentry` or an integration."""

    type: CleanText | None = None
    id: ExternalId | None = None
    name: CleanText | None = None

    @property
    def is_application(self) -> bool:
        """Whether a program acted, Sentry itself included."""
        return self.type == "application"

    @property
    def is_sentry(self) -> bool:
        """Whether Sentry acted by itself, as for every alert."""
        return self.is_application and self.id == "sentry"


class OrganizationField(ProviderModel):
    """The organisation of an installation."""

    slug: CleanText | None = None


class InstallationField(ProviderModel):
    """The installation that the delivery is for; only some events name its organisation."""

    uuid: ExternalId | None = None
    organization: OrganizationField | None = None


class Notice(ProviderModel):
    """What every delivery has."""

    action: CleanText
    actor: ActorField | None = None
    installation: InstallationField | None = None


class ProjectField(ProviderModel):
    """The project of an issue."""

    id: ExternalId | None = None
    slug: CleanText | None = None


class AssigneeField(ProviderModel):
    """The user or team an issue is assigned to."""

    type: CleanText | None = None
    id: ExternalId | None = None


class IssueField(ProviderModel):
    """A Sentry issue; `url` is its API address."""

    id: RequiredId
    title: CleanText | None = None
    short_id: CleanText | None = Field(default=None, alias="shortId")
    level: CleanText | None = None
    substatus: CleanText | None = None
    project: ProjectField | None = None
    assigned_to: AssigneeField | None = Field(default=None, alias="assignedTo")
    first_seen: CleanText | None = Field(default=None, alias="firstSeen")
    last_seen: CleanText | None = Field(default=None, alias="lastSeen")
    url: CleanText | None = None
    web_url: CleanText | None = None
    permalink: CleanText | None = None


class IssueData(ProviderModel):
    """`data` of an issue event."""

    issue: IssueField


class IssueNotice(Notice):
    """Resource `issue`."""

    data: IssueData


class EventField(ProviderModel):
    """One event of an issue; `url` is its API address, `project` the project's id."""

    event_id: ExternalId | None = None
    issue_id: ExternalId | None = None
    issue_url: CleanText | None = None
    project: ExternalId | None = None
    title: CleanText | None = None
    level: CleanText | None = None
    datetime: CleanText | None = None
    url: CleanText | None = None
    web_url: CleanText | None = None


class EventAlertData(ProviderModel):
    """`data` of an issue alert."""

    event: EventField


class EventAlertNotice(Notice):
    """Resource `event_alert`."""

    data: EventAlertData


class ErrorData(ProviderModel):
    """`data` of an error event."""

    error: EventField


class ErrorNotice(Notice):
    """Resource `error`."""

    data: ErrorData


class MetricAlertField(ProviderModel):
    """A metric alert's incident; `projects` are slugs."""

    id: RequiredId
    title: CleanText | None = None
    projects: tuple[CleanText, ...] | None = None
    date_started: CleanText | None = None


class MetricAlertData(ProviderModel):
    """`data` of a metric alert."""

    metric_alert: MetricAlertField
    description_title: CleanText | None = None
    description_text: CleanText | None = None
    web_url: CleanText | None = None


class MetricAlertNotice(Notice):
    """Resource `metric_alert`."""

    data: MetricAlertData


class CommentData(ProviderModel):
    """`data` of a comment; `timestamp` is the comment's and may stay the same when it is edited."""

    comment_id: RequiredId
    issue_id: ExternalId | None = None
    project_slug: CleanText | None = None
    comment: CleanText | None = None
    timestamp: CleanText | None = None


class CommentNotice(Notice):
    """Resource `comment`."""

    data: CommentData


class InstallationData(ProviderModel):
    """`data` of an installation event; its `code`, a secret, is not read."""

    installation: InstallationField


class InstallationNotice(Notice):
    """Resource `installation`."""

    data: InstallationData


class OutlineData(ProviderModel):
    """What `data` of events that start nothing may tell about their place."""

    issue: IssueField | None = None
    group_id: ExternalId | None = None
    project_slug: CleanText | None = Field(
        default=None, validation_alias=AliasChoices("project_slug", "projectSlug")
    )
    organization_slug: CleanText | None = Field(
        default=None, validation_alias=AliasChoices("organization_slug", "organizationSlug")
    )


class Outline(ProviderModel):
    """A delivery of a resource that starts nothing, read for the record only."""

    action: CleanText | None = None
    actor: ActorField | None = None
    installation: InstallationField | None = None
    data: OutlineData | None = None


class AnyBody(ProviderModel):
    """Any JSON object."""
