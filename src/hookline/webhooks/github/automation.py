"""Failed checks, pushes and dispatches: nobody speaks, so only a rule for the trigger starts anything."""

from collections.abc import Sequence
from dataclasses import dataclass

from hookline.domain.outcome import Ignored, Outcome, Reason, Trigger
from hookline.domain.text import NAME_LIMIT, one_line
from hookline.webhooks.github.automation_payloads import (
    CheckRunEvent,
    DispatchEvent,
    PushEvent,
    RunPullRequest,
    WorkflowRunEvent,
)
from hookline.webhooks.github.identity import loop_behind
from hookline.webhooks.github.inbound import Inbound, Place
from hookline.webhooks.github.payloads import App, RepositoryEvent
from hookline.webhooks.github.ruling import Wish, rule_on

FAILURES = frozenset({"failure", "timed_out"})
"""Conclusions of a check or workflow run that count as failed."""

_BRANCHES = "refs/heads/"


@dataclass(frozen=True, slots=True)
class _Run:
    part: str
    version: str
    name: str
    conclusion: str
    url: str | None
    head_sha: str
    branch: str | None
    pull_requests: Sequence[RunPullRequest]
    app: App | None = None


def on_check_run(inbound: Inbound) -> Outcome:
    """`check_run`: completed with a failure. GitHub tells no branch for a fork's commit."""
    event = inbound.read(CheckRunEvent)
    run = event.check_run
    return _on_run(
        inbound,
        event,
        _Run(
            part=f"check_run/{run.id}",
            version=run.completed_at or run.head_sha,
            name=run.name,
            conclusion=run.conclusion or "",
            url=run.html_url,
            head_sha=run.head_sha,
            branch=run.check_suite.head_branch if run.check_suite else None,
            pull_requests=run.pull_requests or (),
            app=run.app,
        ),
    )


def on_workflow_run(inbound: Inbound) -> Outcome:
    """`workflow_run`: completed with a failure."""
    event = inbound.read(WorkflowRunEvent)
    run = event.workflow_run
    is_of_fork = run.head_repository is None or run.head_repository.id != event.repository.id
    return _on_run(
        inbound,
        event,
        _Run(
            part=f"workflow_run/{run.id}",
            version=str(run.run_attempt or 1),
            name=event.workflow.name if event.workflow else run.name or "",
            conclusion=run.conclusion or "",
            url=run.html_url,
            head_sha=run.head_sha,
            branch=None if is_of_fork else run.head_branch,
            pull_requests=run.pull_requests or (),
        ),
    )


def _on_run(inbound: Inbound, event: RepositoryEvent, run: _Run) -> Outcome:
    pull = _own_pull_request(event, run.pull_requests)
    title = f"{run.name}: {run.conclusion}" if run.conclusion else run.name
    place = Place(_tail(run, pull), run.part, run.url, title)
    facts = inbound.facts(event, place)
    loop = loop_behind(inbound.source, (event.sender,), run.app)
    if loop is not None:
        return Ignored(facts, loop)
    if facts.action != "completed" or run.conclusion not in FAILURES:
        return Ignored(facts, Reason.ACTION_NOT_USED, one_line(run.conclusion or facts.action, NAME_LIMIT))
    return rule_on(
        inbound,
        Wish(
            facts=facts,
            trigger=Trigger.CHECK_FAILURE,
            keys=inbound.claims(event, place, run.version),
            repository=event.repository.full_name,
            base=pull.base.ref if pull else run.branch or event.repository.default_branch,
            entitled=run.branch is not None,
            label=one_line(run.name, NAME_LIMIT),
            level=run.conclusion,
        ),
    )


def _own_pull_request(event: RepositoryEvent, pulls: Sequence[RunPullRequest]) -> RunPullRequest | None:
    own = (p for p in pulls if p.base.repo is None or p.base.repo.id == event.repository.id)
    return next(own, None)


def _tail(run: _Run, pull: RunPullRequest | None) -> str:
    if pull is not None:
        return f"#{pull.number}"
    return f"@{run.head_sha}" if run.branch is None else f"@{_BRANCHES}{run.branch}"


def on_push(inbound: Inbound) -> Outcome:
    """`push` to a branch or tag that still exists; the ref is what rules know as its label."""
    event = inbound.read(PushEvent)
    message = event.head_commit.message if event.head_commit else ""
    subject = message.strip().partition("\n")[0]
    place = Place(f"@{event.ref}", f"push/{event.ref}", event.compare, subject)
    facts = inbound.facts(event, place)
    loop = loop_behind(inbound.source, (event.sender,))
    if loop is not None:
        return Ignored(facts, loop)
    if event.deleted:
        return Ignored(facts, Reason.ACTION_NOT_USED, "deleted")
    is_branch = event.ref.startswith(_BRANCHES)
    return rule_on(
        inbound,
        Wish(
            facts=facts,
            trigger=Trigger.PUSH,
            keys=inbound.claims(event, place, event.after),
            repository=event.repository.full_name,
            base=event.ref.removeprefix(_BRANCHES) if is_branch else event.repository.default_branch,
            label=one_line(event.ref, NAME_LIMIT),
            replaces=True,
        ),
    )


def on_repository_dispatch(inbound: Inbound) -> Outcome:
    """`repository_dispatch`: its action is free text, and the same again is meant again.

    Only the delivery's id is claimed: two equal bodies are two wishes.
    """
    event = inbound.read(DispatchEvent)
    sent = inbound.external_id or inbound.digest
    place = Place(
        f"@{_BRANCHES}{event.branch}", f"dispatch/{sent}", event.repository.html_url, event.action or ""
    )
    facts = inbound.facts(event, place)
    loop = loop_behind(inbound.source, (event.sender,))
    if loop is not None:
        return Ignored(facts, loop)
    return rule_on(
        inbound,
        Wish(
            facts=facts,
            trigger=Trigger.DISPATCH,
            keys=inbound.sent(),
            repository=event.repository.full_name,
            base=event.branch,
        ),
    )
