"""Real bodies, as other projects recorded them, and what must become of each."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from contracts.handler_contract import NOW
from hookline.core.default_rules import DEFAULT_RULES
from hookline.core.policy import RuleBook
from hookline.domain.delivery import Delivery, RequestHead
from hookline.domain.ids import DeliveryId
from hookline.domain.outcome import ControlRequested, Ignored, Outcome, Reply, TaskRequested
from hookline.domain.rules import Allow, Match, Rule, Run
from hookline.domain.source import Source
from hookline.webhooks.github_handler import GithubHandler

SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "payloads" / "github"
HEADERS = ".headers.json"

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not beside the repository")


@dataclass(frozen=True)
class Seen:
    """What a body became: the kind of outcome, its word, and where it belongs."""

    kind: str
    word: str = ""
    place: str | None = None


def ignored(reason: str, place: str | None = None) -> Seen:
    return Seen("ignored", reason, place and f"github:{place}")


def control(name: str, place: str) -> Seen:
    return Seen("control", name, f"github:{place}")


def task(verb: str, place: str) -> Seen:
    return Seen("task", verb, f"github:{place}")


REPLY = Seen("reply", '{"status":"pong"}')
UNUSED = ignored("event_not_used")
ISSUE, PULL = "Codertocat/Hello-World#1", "Codertocat/Hello-World#2"
DISCUSSION, MASTER = "Codertocat/Hello-World@discussions/4", "Codertocat/Hello-World@refs/heads/master"
TAG, RUN = "Codertocat/Hello-World@refs/tags/simple-tag", "octo-org/octo-repo@refs/heads/master"

EXPECTED = {
    "check_run.completed.json": ignored("action_not_used", PULL),
    "check_run.requested_action.json": ignored("action_not_used", "electron/electron#26764"),
    "check_suite.completed.json": UNUSED,
    "check_suite.requested.json": UNUSED,
    "commit_comment.created.json": UNUSED,
    "create.json": UNUSED,
    "delete.json": UNUSED,
    "deployment_status.created.json": UNUSED,
    "discussion.created.json": ignored("no_command", DISCUSSION),
    "discussion_comment.created.json": ignored("no_command", DISCUSSION),
    "github_app_authorization.revoked.json": UNUSED,
    "installation.created.json": UNUSED,
    "installation.deleted.json": UNUSED,
    "installation_repositories.added.json": UNUSED,
    "issue_comment.created-2.json": ignored("no_command", ISSUE),
    "issue_comment.created.json": ignored("no_command", ISSUE),
    "issue_comment.deleted.json": control("withdraw", ISSUE),
    "issue_comment.edited.json": control("withdraw", ISSUE),
    "issues.assigned.json": ignored("no_command", ISSUE),
    "issues.closed.json": ignored("action_not_used", "codinasion/codinasion-bot#2"),
    "issues.deleted.json": control("withdraw", ISSUE),
    "issues.edited.json": ignored("action_not_used", ISSUE),
    "issues.labeled.json": ignored("no_rule", ISSUE),
    "issues.milestoned.json": ignored("action_not_used", PULL),
    "issues.opened-2.json": ignored("no_command", ISSUE),
    "issues.opened.json": ignored("no_command", ISSUE),
    "issues.reopened.json": ignored("action_not_used", ISSUE),
    "issues.transferred.json": ignored("action_not_used", "octo-org/octo-repo#1"),
    "label.created.json": UNUSED,
    "marketplace_purchase.purchased.json": UNUSED,
    "merge_group.checks_requested.json": UNUSED,
    "ping-2.json": REPLY,
    "ping-3.json": REPLY,
    "ping-form.form": REPLY,
    "ping-signed.json": REPLY,
    "ping.json": REPLY,
    "pull_request.closed-2.json": ignored("action_not_used", "codinasion/codinasion-bot-try#14"),
    "pull_request.closed.json": ignored("action_not_used", PULL),
    "pull_request.labeled.json": ignored("no_rule", PULL),
    "pull_request.opened-2.json": ignored("no_command", PULL),
    "pull_request.opened.json": ignored("no_command", PULL),
    "pull_request.ready_for_review.json": ignored("action_not_used", PULL),
    "pull_request.review_requested.json": ignored("no_rule", PULL),
    "pull_request.synchronize.json": ignored("action_not_used", PULL),
    "pull_request_review.dismissed.json": ignored("action_not_used", PULL),
    "pull_request_review.submitted.json": ignored("no_command", PULL),
    "pull_request_review_comment.created.json": ignored("no_command", PULL),
    "pull_request_review_comment.edited.json": control("withdraw", PULL),
    "pull_request_review_thread.resolved.json": UNUSED,
    "push-2.json": ignored("no_rule", MASTER),
    "push-3.json": ignored("no_rule", MASTER),
    "push-4.json": ignored("action_not_used", TAG),
    "push.json": ignored("action_not_used", TAG),
    "release.published.json": UNUSED,
    "repository_dispatch.json": ignored("no_rule", RUN),
    "star.deleted.json": UNUSED,
    "status.json": UNUSED,
    "workflow_job.completed.json": UNUSED,
    "workflow_run.completed.json": ignored("action_not_used", RUN),
    "workflow_run.requested.json": ignored("action_not_used", RUN),
}
"""Under the default rules: nobody mentions `@agent`, whose own account is `octocat`."""

ASKED = {
    "issues.labeled.json": task("plan", ISSUE),
    "pull_request.labeled.json": task("plan", PULL),
    "pull_request.review_requested.json": task("review", PULL),
    "push-2.json": task("analyze", MASTER),
    "push-3.json": task("analyze", MASTER),
    "repository_dispatch.json": task("analyze", RUN),
}
"""What changes when rules ask for every trigger."""

FAILED = {
    "check_run.completed.json": task("fix", PULL),
    "workflow_run.completed.json": task("fix", RUN),
}
"""The completed runs, told to have failed."""

MENTIONED = {
    "discussion.created.json": ("discussion", task("ask", DISCUSSION)),
    "discussion_comment.created.json": ("comment", task("ask", DISCUSSION)),
    "issue_comment.created-2.json": ("comment", task("ask", ISSUE)),
    "issue_comment.created.json": ("comment", task("ask", ISSUE)),
    "issue_comment.edited.json": ("comment", task("ask", ISSUE)),
    "issues.opened-2.json": ("issue", task("ask", ISSUE)),
    "issues.opened.json": ("issue", task("ask", ISSUE)),
    "pull_request.opened-2.json": ("pull_request", task("ask", PULL)),
    "pull_request.opened.json": ("pull_request", task("ask", PULL)),
    "pull_request_review.submitted.json": ("review", task("ask", PULL)),
    "pull_request_review_comment.created.json": ("comment", task("ask", PULL)),
    "pull_request_review_comment.edited.json": ("comment", task("ask", PULL)),
}
"""The texts, told to mention the agent; all are written by owners."""


def opt_in(trigger: str, verb: str) -> Rule:
    return Rule(name=trigger, match=Match(trigger=frozenset({trigger})), run=Run(verb=verb))


OPTED_IN = (
    opt_in("label", "plan"),
    opt_in("assignment", "implement"),
    opt_in("review_request", "review"),
    opt_in("check_failure", "fix"),
    opt_in("push", "analyze"),
    opt_in("dispatch", "analyze"),
    Rule(name="anybody", allow=Allow(associations=frozenset({"OWNER"}))),
)


def names() -> list[str]:
    files = sorted(path.name for path in SAMPLES.iterdir()) if SAMPLES.is_dir() else []
    return [name for name in files if not name.endswith(HEADERS)]


def delivery(name: str, body: bytes) -> Delivery:
    event = name.partition(".")[0].partition("-")[0]
    form = "application/x-www-form-urlencoded"
    recorded = SAMPLES / f"{name.partition('.')[0]}{HEADERS}"
    headers = {
        "content-type": form if name.endswith(".form") else "application/json",
        "x-github-event": event,
    }
    if recorded.exists():
        headers.update({key.lower(): value for key, value in json.loads(recorded.read_bytes()).items()})
    assert headers["x-github-event"] == event
    return Delivery(DeliveryId("d1"), RequestHead(headers, NOW, "203.0.113.7"), body)


def handler(rules: tuple[Rule, ...], secret: bytes = b"secret") -> GithubHandler:
    source = Source(provider="github", secrets=(secret,), bot_names=frozenset({"octocat"}))
    return GithubHandler(source, RuleBook("agent", rules), lambda: NOW)


def seen(name: str, rules: tuple[Rule, ...], body: bytes | None = None) -> Seen:
    raw = (SAMPLES / name).read_bytes() if body is None else body
    return summary(handler(rules).interpret(delivery(name, raw)))


def summary(outcome: Outcome) -> Seen:
    place = outcome.facts.conversation
    match outcome:
        case TaskRequested(command=command):
            return Seen("task", command.verb.value, place)
        case ControlRequested(control=wanted):
            return Seen("control", wanted.name, place)
        case Reply(body=body):
            return Seen("reply", body.decode(), place)
        case Ignored(reason=reason):
            return Seen("ignored", reason.value, place)


def test_the_table_names_exactly_the_samples() -> None:
    assert sorted(EXPECTED) == names()


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_what_becomes_of_it_by_default(name: str) -> None:
    assert seen(name, DEFAULT_RULES) == EXPECTED[name]


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_what_becomes_of_it_under_rules_for_every_trigger(name: str) -> None:
    assert seen(name, OPTED_IN) == (EXPECTED | ASKED)[name]


@pytest.mark.parametrize("name", sorted(FAILED))
def test_a_real_run_that_failed(name: str) -> None:
    payload = json.loads((SAMPLES / name).read_bytes())
    payload[name.partition(".")[0]]["conclusion"] = "failure"
    assert seen(name, OPTED_IN, json.dumps(payload).encode()) == FAILED[name]


@pytest.mark.parametrize("name", sorted(MENTIONED))
def test_a_real_text_that_mentions_the_agent(name: str) -> None:
    part, expected = MENTIONED[name]
    payload = json.loads((SAMPLES / name).read_bytes())
    payload[part]["body"] = "@agent what is this?"
    assert seen(name, DEFAULT_RULES, json.dumps(payload).encode()) == expected


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_body_tells_who_and_in_which_lane(name: str) -> None:
    raw = (SAMPLES / name).read_bytes()
    outcome = handler(DEFAULT_RULES).interpret(delivery(name, raw))
    assert outcome.facts.actor is not None
    if name.endswith(".json"):
        repository = json.loads(raw).get("repository")
        assert outcome.facts.lane == (repository and f"github:{repository['full_name']}")


def test_a_recorded_signature_verifies() -> None:
    raw = (SAMPLES / "ping-signed.json").read_bytes()
    handler(DEFAULT_RULES, b"123").verify(delivery("ping-signed.json", raw))
