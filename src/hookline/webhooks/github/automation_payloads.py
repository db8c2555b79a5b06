"""The parts of the payloads of checks, workflows, pushes and dispatches that are used.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from pydantic import JsonValue

from hookline.core.payloads import ProviderModel
from hookline.domain.text import CleanText, ExternalId
from hookline.webhooks.github.payloads import App, Branch, Number, RepositoryEvent, RepositoryReference


class RunPullRequest(ProviderModel):
    """A pull request as a check or workflow run names it."""

    number: Number
    base: Branch


class CheckSuite(ProviderModel):
    """The suite of a check run; `head_branch` is null for a fork's branch."""

    head_branch: CleanText | None = None


class CheckRun(ProviderModel):
    """A check run."""

    id: ExternalId
    name: CleanText
    head_sha: CleanText
    conclusion: CleanText | None = None
    completed_at: CleanText | None = None
    html_url: CleanText | None = None
    app: App | None = None
    check_suite: CheckSuite | None = None
    pull_requests: tuple[RunPullRequest, ...] | None = None


class CheckRunEvent(RepositoryEvent):
    """`check_run`."""

    check_run: CheckRun


class WorkflowRun(ProviderModel):
    """A run of GitHub Actions."""

    id: ExternalId
    name: CleanText | None = None
    head_sha: CleanText
    head_branch: CleanText | None = None
    head_repository: RepositoryReference | None = None
    conclusion: CleanText | None = None
    run_attempt: int | None = None
    html_url: CleanText | None = None
    pull_requests: tuple[RunPullRequest, ...] | None = None


class Workflow(ProviderModel):
    """The workflow of a run."""

    name: CleanText


class WorkflowRunEvent(RepositoryEvent):
    """`workflow_run`."""

    workflow_run: WorkflowRun
    workflow: Workflow | None = None


class Commit(ProviderModel):
    """The newest commit of a push."""

    message: CleanText = ""


class PushEvent(RepositoryEvent):
    """`push`; a deleted ref has no head commit."""

    ref: CleanText
    after: CleanText
    deleted: bool = False
    compare: CleanText | None = None
    head_commit: Commit | None = None


class DispatchEvent(RepositoryEvent):
    """`repository_dispatch`; `client_payload` tells it apart from other bodies sent under this name."""

    branch: CleanText
    client_payload: dict[str, JsonValue] | None
