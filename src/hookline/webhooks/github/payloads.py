"""The parts of GitHub's payloads that are used.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from typing import Annotated

from pydantic import Field

from hookline.core.payloads import ProviderModel
from hookline.domain.text import CleanText, ExternalId

RepositoryName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", max_length=200)]
Number = Annotated[int, Field(gt=0, lt=2**53)]


class User(ProviderModel):
    """An account; `type` is User, Bot, Organization or Mannequin."""

    id: ExternalId
    login: CleanText
    type: CleanText | None = None


class App(ProviderModel):
    """A GitHub App."""

    id: ExternalId
    slug: CleanText | None = None


class Repository(ProviderModel):
    """A repository by its full name, `owner/name`."""

    id: ExternalId
    full_name: RepositoryName
    default_branch: CleanText | None = None
    html_url: CleanText | None = None


class RepositoryReference(ProviderModel):
    """A repository as check and workflow runs name it."""

    id: ExternalId


class Branch(ProviderModel):
    """One side of a pull request; a deleted fork leaves no repository."""

    ref: CleanText
    repo: RepositoryReference | None = None


class Written(ProviderModel):
    """A text and who wrote it; a review has `submitted_at` in place of `created_at`."""

    body: CleanText | None = None
    user: User | None = None
    author_association: CleanText | None = None
    created_at: CleanText | None = None
    submitted_at: CleanText | None = None
    updated_at: CleanText | None = None
    html_url: CleanText | None = None
    performed_via_github_app: App | None = None

    @property
    def text(self) -> str:
        """The body, empty where there is none."""
        return self.body or ""

    @property
    def born(self) -> str:
        """When it was first written."""
        return self.created_at or self.submitted_at or ""

    @property
    def changed(self) -> str:
        """When it was last changed, as far as the payload tells."""
        return self.updated_at or self.born


class Topic(Written):
    """An issue or a discussion."""

    number: Number
    title: CleanText


class PullRequest(Topic):
    """A pull request."""

    head: Branch
    base: Branch


class Comment(Written):
    """A comment or a review."""

    id: ExternalId


class Change(ProviderModel):
    """What a field held before an edit."""

    previous: CleanText | None = Field(default=None, alias="from")


class Changes(ProviderModel):
    """What an edit changed, as far as it is read."""

    title: Change | None = None
    body: Change | None = None


class Named(ProviderModel):
    """A label."""

    name: CleanText


class Occurrence(ProviderModel):
    """What every event says: the action, where it has one, and who acted."""

    action: CleanText | None = None
    sender: User | None = None


class Envelope(Occurrence):
    """An event of which only the outside is read."""

    repository: Repository | None = None


class RepositoryEvent(Occurrence):
    """An event of one repository."""

    repository: Repository


class WritingEvent(RepositoryEvent):
    """An event about a text or about what hangs on it."""

    changes: Changes | None = None
    label: Named | None = None
    assignee: User | None = None
    requested_reviewer: User | None = None


class IssuesEvent(WritingEvent):
    """`issues`."""

    issue: Topic


class IssueCommentEvent(IssuesEvent):
    """`issue_comment`, of issues and pull requests."""

    comment: Comment


class PullRequestEvent(WritingEvent):
    """`pull_request`."""

    pull_request: PullRequest


class ReviewEvent(PullRequestEvent):
    """`pull_request_review`."""

    review: Comment


class ReviewCommentEvent(PullRequestEvent):
    """`pull_request_review_comment`."""

    comment: Comment


class DiscussionEvent(WritingEvent):
    """`discussion`."""

    discussion: Topic


class DiscussionCommentEvent(DiscussionEvent):
    """`discussion_comment`."""

    comment: Comment
