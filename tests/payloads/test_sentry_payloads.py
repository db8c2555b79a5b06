"""Every published Sentry body and what becomes of it, under the rules of the house and under opt-in rules."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

from hookline.domain.command import Band, Verb
from hookline.domain.errors import MalformedPayloadError
from hookline.domain.outcome import ControlRequested, Ignored, Outcome, TaskRequested
from hookline.domain.outcome import Reply as ReplyOutcome
from hookline.domain.rules import Match, Rule, Run
from test_sentry_webhook_handler import desk

FOLDER = Path(__file__).parents[2].parent / "shared" / "payloads" / "sentry"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the published payloads are not here")


@dataclass(frozen=True)
class Task:
    verb: str
    conversation: str
    lane: str
    band: Band = Band.HIGH


@dataclass(frozen=True)
class Control:
    name: str
    conversation: str


@dataclass(frozen=True)
class Passed:
    reason: str
    conversation: str | None
    lane: str


@dataclass(frozen=True)
class Reply:
    lane: str


@dataclass(frozen=True)
class Malformed:
    why: str


Expected: TypeAlias = Task | Control | Passed | Reply | Malformed

DOCS = "sentry:a8e5d37a-696c-4c54-adb5-b3f28d64c7de"
DOCS_COMMENTS = "sentry:eac5a0ae-60ec-418f-9318-46dc5e7e52ec"

EXPECTED: dict[str, Expected] = {
    "activity_alert.triggered": Passed("event_not_used", "sentry:43", "sentry:acme/error-gen"),
    "comment.created": Passed("no_command", "sentry:100", f"{DOCS_COMMENTS}/sentry"),
    "comment.deleted-mock": Control("withdraw", "sentry:123"),
    "comment.updated-mock": Control("withdraw", "sentry:123"),
    "error.created": Passed("no_rule", "sentry:1170820242", "sentry:test-org/front-end"),
    "event_alert.triggered": Task("analyze", "sentry:1117540176", "sentry:test-org/front-end"),
    "event_alert.triggered-rule-action-mock": Task("analyze", "sentry:123", "sentry:example"),
    "installation.created": Reply("sentry:test-org"),
    "installation.deleted-mock": Reply("sentry:example"),
    "issue.assigned-mock": Passed("no_rule", "sentry:123", "sentry:example/ipe"),
    "issue.created": Task("analyze", "sentry:1170820242", f"{DOCS}/front-end"),
    "issue.created-2025": Task("analyze", "sentry:1234567890", "sentry:example-org/python", Band.CRITICAL),
    "issue.ignored-mock": Passed("action_not_used", "sentry:123", "sentry:example/ipe"),
    "issue.resolved-mock": Passed("action_not_used", "sentry:123", "sentry:example/ipe"),
    "legacy_plugin-docs": Malformed("Sentry-Hook-Resource: header missing"),
    "metric_alert.critical-mock": Task("analyze", "sentry:metric_alert/789", "sentry:example", Band.CRITICAL),
    "metric_alert.critical-rule-action-mock": Task(
        "analyze", "sentry:metric_alert/789", "sentry:example", Band.CRITICAL
    ),
    "metric_alert.resolved": Passed("action_not_used", "sentry:metric_alert/4", "sentry:baz/bar"),
    "metric_alert.warning-mock": Passed("no_rule", "sentry:metric_alert/789", "sentry:example"),
    "preprod_artifact.build_distribution_completed": Passed(
        "event_not_used", None, "sentry:my-org/my-project"
    ),
    "seer.coding_started": Passed("event_not_used", "sentry:1170820242", DOCS),
    "seer.pr_created": Passed("event_not_used", "sentry:1170820242", DOCS),
    "seer.root_cause_completed": Passed("event_not_used", "sentry:1170820242", DOCS),
    "seer.root_cause_started": Passed("event_not_used", "sentry:1170820242", DOCS),
    "seer.solution_started": Passed("event_not_used", "sentry:1170820242", DOCS),
}

OPTED_IN = (
    Rule(
        name="errors",
        match=Match(event=frozenset({"error"}), lane=frozenset({"sentry:test-org/*"})),
        run=Run(verb=Verb.FIX, repository="octo/app"),
    ),
    Rule(name="handed-over", match=Match(event=frozenset({"issue"}), action=frozenset({"assigned"}))),
    Rule(name="escalating", match=Match(label=frozenset({"escalating"})), run=Run(verb=Verb.PLAN)),
    Rule(name="warnings", match=Match(level=frozenset({"warning"})), run=Run(verb=Verb.PLAN)),
)

EXPECTED_OPTED_IN: dict[str, Expected] = {
    "activity_alert.triggered": Passed("event_not_used", "sentry:43", "sentry:acme/error-gen"),
    "error.created": Task("fix", "sentry:1170820242", "sentry:test-org/front-end", Band.NORMAL),
    "event_alert.triggered": Passed("no_rule", "sentry:1117540176", "sentry:test-org/front-end"),
    "issue.assigned-mock": Task("analyze", "sentry:123", "sentry:example/ipe", Band.NORMAL),
    "issue.created": Task("plan", "sentry:1170820242", f"{DOCS}/front-end", Band.NORMAL),
    "issue.created-2025": Passed("no_rule", "sentry:1234567890", "sentry:example-org/python"),
    "issue.resolved-mock": Passed("action_not_used", "sentry:123", "sentry:example/ipe"),
    "metric_alert.critical-mock": Passed("no_rule", "sentry:metric_alert/789", "sentry:example"),
    "metric_alert.warning-mock": Task("plan", "sentry:metric_alert/789", "sentry:example", Band.NORMAL),
}


def outcome_of(name: str, *rules: Rule, body: bytes | None = None) -> Outcome:
    resource = name.partition(".")[0]
    headers = {} if resource.startswith("legacy") else {"sentry-hook-resource": resource}
    return desk.interpret(body or (FOLDER / f"{name}.json").read_bytes(), headers, *rules)


def told(name: str, *rules: Rule) -> Expected:
    try:
        outcome = outcome_of(name, *rules)
    except MalformedPayloadError as error:
        return Malformed(error.why)
    facts = outcome.facts
    match outcome:
        case TaskRequested(command=command, plan=plan):
            return Task(command.verb.value, str(facts.conversation), str(facts.lane), plan.band)
        case ControlRequested(control=control):
            return Control(control.name, str(facts.conversation))
        case ReplyOutcome():
            return Reply(str(facts.lane))
        case Ignored(reason=reason):
            return Passed(reason.value, facts.conversation, str(facts.lane))


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items(), ids=EXPECTED)
def test_a_published_body_has_its_outcome(name: str, expected: Expected) -> None:
    assert told(name) == expected


@pytest.mark.parametrize(("name", "expected"), EXPECTED_OPTED_IN.items(), ids=EXPECTED_OPTED_IN)
def test_opt_in_rules_see_published_bodies(name: str, expected: Expected) -> None:
    assert told(name, *OPTED_IN) == expected


def test_every_published_body_is_in_the_table() -> None:
    assert {path.stem for path in FOLDER.glob("*.json") if ".headers" not in path.name} == EXPECTED.keys()


@pytest.mark.parametrize("name", ["comment.created", "comment.updated-mock"])
def test_published_comments_start_a_task_once_they_mention_the_agent(name: str) -> None:
    body = (FOLDER / f"{name}.json").read_bytes()
    for words in (b"adding a comment", b"this is a test comment"):
        body = body.replace(words, b"@agent, have a look")
    outcome = outcome_of(name, body=body)
    assert isinstance(outcome, TaskRequested)
    assert (outcome.revises is not None) is name.startswith("comment.updated")


def test_the_published_issue_and_error_are_one_occurrence() -> None:
    alerts = Rule(name="alerts", match=Match(trigger=frozenset({"alert"})))
    issue, error = outcome_of("issue.created", alerts), outcome_of("error.created", alerts)
    assert isinstance(issue, TaskRequested)
    assert isinstance(error, TaskRequested)
    assert set(issue.keys) & set(error.keys)
    assert issue.open_key == error.open_key == "sentry:1170820242:open"


def test_the_published_grant_code_is_not_stored() -> None:
    body = (FOLDER / "installation.created.json").read_bytes()
    code = json.loads(body)["data"]["installation"]["code"].encode()
    assert code in body
    assert code not in desk.handler().redact(body, {})


@pytest.mark.parametrize("name", EXPECTED)
def test_published_bodies_without_a_grant_code_are_stored_as_they_came(name: str) -> None:
    body = (FOLDER / f"{name}.json").read_bytes()
    assert (desk.handler().redact(body, {}) == body) is (name != "installation.created")
