"""What is read of Jira's payloads, Cloud and Data Center alike.

Every delivery is one envelope around the same few objects; which of them are present depends on the event,
the edition and its age, so all but the event's name are optional. Oddities of the documented examples
(`priority` as a plain text, `active` as `"true"`) are in fields that are not read.
"""

from __future__ import annotations

from typing import TypeAlias

from pydantic import Field

from hookline.core.payloads import ProviderModel
from hookline.domain.text import CleanText, ExternalId


class Mark(ProviderModel):
    """A mark on a text of an Atlassian document (`code`, `strong`)."""

    type: str | None = None


class NodeAttributes(ProviderModel):
    """Attributes of a node: a mention's account id and text, a card's address, an emoji's name."""

    id: ExternalId | None = None
    text: str | None = None
    url: str | None = None
    short_name: str | None = Field(default=None, alias="shortName")


class Node(ProviderModel):
    """A node of an Atlassian document (ADF)."""

    type: str | None = None
    text: str | None = None
    attrs: NodeAttributes | None = None
    marks: tuple[Mark, ...] | None = None
    content: tuple[Node, ...] | None = None


RichText: TypeAlias = str | Node | None
"""A text as wiki markup or plain text, or as an Atlassian document."""


class Account(ProviderModel):
    """A person or an app: `accountId` on Cloud, `key` and `name` on Data Center."""

    account_id: ExternalId | None = Field(default=None, alias="accountId")
    account_type: CleanText | None = Field(default=None, alias="accountType")
    key: ExternalId | None = None
    name: CleanText | None = None
    display_name: CleanText | None = Field(default=None, alias="displayName")


class Project(ProviderModel):
    """The project of an issue."""

    key: CleanText | None = None


class IssueFields(ProviderModel):
    """The fields of an issue that are read."""

    summary: CleanText | None = None
    description: RichText = None
    labels: tuple[CleanText, ...] | None = None
    project: Project | None = None
    assignee: Account | None = None
    creator: Account | None = None
    updated: ExternalId | None = None


class Issue(ProviderModel):
    """An issue; `self_url` is its address in the REST API."""

    id: ExternalId | None = None
    key: str | None = Field(default=None, pattern=r"^\w+-[0-9]+$", max_length=121)
    self_url: CleanText | None = Field(default=None, alias="self")
    fields: IssueFields | None = None


class Comment(ProviderModel):
    """A comment; `updated` is its version."""

    id: ExternalId
    author: Account | None = None
    update_author: Account | None = Field(default=None, alias="updateAuthor")
    body: RichText = None
    created: ExternalId | None = None
    updated: ExternalId | None = None


class Change(ProviderModel):
    """One changed field; Data Center has no `fieldId`, older Cloud no `tmpToAccountId`."""

    field: CleanText | None = None
    field_id: CleanText | None = Field(default=None, alias="fieldId")
    field_type: CleanText | None = Field(default=None, alias="fieldtype")
    from_string: CleanText | None = Field(default=None, alias="fromString")
    to: ExternalId | None = None
    to_string: CleanText | None = Field(default=None, alias="toString")
    to_account: ExternalId | None = Field(default=None, alias="tmpToAccountId")

    @property
    def system_field(self) -> str:
        """The name of the system field in lower case, empty for a custom field without an id."""
        own_name = "" if self.field_type == "custom" else self.field
        return (self.field_id or own_name or "").lower()


class Changelog(ProviderModel):
    """What an update changed."""

    id: ExternalId | None = None
    items: tuple[Change, ...] | None = None


class JiraEvent(ProviderModel):
    """A delivery; `action` tells what kind of update `jira:issue_updated` was."""

    event: CleanText = Field(alias="webhookEvent")
    action: CleanText | None = Field(default=None, alias="issue_event_type_name")
    timestamp: ExternalId | None = None
    user: Account | None = None
    issue: Issue | None = None
    comment: Comment | None = None
    changelog: Changelog | None = None

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changed fields; none where the changelog is missing or empty."""
        return (self.changelog.items or ()) if self.changelog else ()

    @property
    def fields(self) -> IssueFields:
        """The issue's fields; all empty where the payload has none."""
        return (self.issue.fields if self.issue else None) or _NO_FIELDS


_NO_FIELDS = IssueFields()
