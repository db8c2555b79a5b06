"""Every collected payload of Jira with the outcome that reading it tells to expect."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

from hookline.domain import outcome as outcomes
from hookline.domain.command import Verb
from hookline.domain.rules import Allow, Match, Rule, Run
from jira_deliveries import jira

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "payloads" / "jira"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the collected payloads are not here")


@dataclass(frozen=True)
class Task:
    verb: str
    conversation: str


@dataclass(frozen=True)
class Control:
    name: str


@dataclass(frozen=True)
class Ignored:
    reason: str


Expected: TypeAlias = Task | Control | Ignored

WITHDRAW = Control("withdraw")
NO_COMMAND = Ignored("no_command")
NO_CONVERSATION = Ignored("no_conversation")
NO_RULE = Ignored("no_rule")
NOT_USED = Ignored("action_not_used")
OWN_WORDS = Ignored("own_words")

BY_DEFAULT: dict[str, Expected] = {
    "comment_created-2.json": NO_COMMAND,
    "comment_created-3.json": NO_CONVERSATION,
    "comment_created.json": NO_COMMAND,
    "comment_deleted-2.json": NO_CONVERSATION,
    "comment_deleted.json": WITHDRAW,
    "comment_updated-2.json": NO_CONVERSATION,
    "comment_updated.json": WITHDRAW,
    "issue_created-2.json": NO_RULE,
    "issue_created-3.json": NO_RULE,
    "issue_created-4.json": NO_RULE,
    "issue_created.json": NO_RULE,
    "issue_deleted.json": WITHDRAW,
    "issue_updated-10.json": NO_COMMAND,
    "issue_updated-11.json": NOT_USED,
    "issue_updated-12.json": NOT_USED,
    "issue_updated-13.json": NOT_USED,
    "issue_updated-2.json": WITHDRAW,
    "issue_updated-3.json": NO_RULE,
    "issue_updated-4.json": NOT_USED,
    "issue_updated-5.json": NOT_USED,
    "issue_updated-6.json": NOT_USED,
    "issue_updated-7.json": NOT_USED,
    "issue_updated-8.json": NOT_USED,
    "issue_updated-9.json": NOT_USED,
    "issue_updated-docs-example.json": NOT_USED,
    "issue_updated.issue_assigned-2.json": NOT_USED,
    "issue_updated.issue_assigned-3.json": NOT_USED,
    "issue_updated.issue_assigned.json": NOT_USED,
    "issue_updated.issue_closed.json": NO_RULE,
    "issue_updated.issue_comment_deleted.json": NOT_USED,
    "issue_updated.issue_comment_edited.json": WITHDRAW,
    "issue_updated.issue_commented-2.json": NO_COMMAND,
    "issue_updated.issue_commented.json": NO_COMMAND,
    "issue_updated.issue_generic-2.json": NOT_USED,
    "issue_updated.issue_generic-3.json": NO_RULE,
    "issue_updated.issue_generic.json": NO_RULE,
    "issue_updated.issue_resolved.json": NO_RULE,
    "issue_updated.json": NOT_USED,
}

BY_OPT_IN: dict[str, Expected] = BY_DEFAULT | {
    "comment_created-2.json": Task("ask", "jira:TES-41"),
    "comment_deleted.json": OWN_WORDS,
    "issue_created-2.json": Task("fix", "jira:TES-41"),
    "issue_created-3.json": Task("fix", "jira:TES-41"),
    "issue_created-4.json": OWN_WORDS,
    "issue_created.json": Task("fix", "jira:TES-41"),
    "issue_updated-3.json": Task("fix", "jira:TES-41"),
    "issue_updated-4.json": Task("plan", "jira:TES-41"),
    "issue_updated-8.json": OWN_WORDS,
    "issue_updated.issue_assigned-3.json": Task("plan", "jira:TEST-123"),
    "issue_updated.issue_closed.json": Task("review", "jira:TES-4"),
    "issue_updated.issue_generic-3.json": Task("review", "jira:TES-41"),
    "issue_updated.issue_generic.json": Task("review", "jira:TES-41"),
    "issue_updated.issue_resolved.json": Task("review", "jira:TES-4"),
}

WITHOUT_AN_ISSUE = {"comment_created-3.json", "comment_deleted-2.json", "comment_updated-2.json"}
WITH_A_MENTION: dict[str, Expected] = {
    "comment_created-2.json": Task("fix", "jira:TES-41"),
    "comment_created-3.json": NO_CONVERSATION,
    "comment_created.json": Task("fix", "jira:TES-41"),
    "comment_deleted-2.json": NO_CONVERSATION,
    "comment_deleted.json": OWN_WORDS,
    "comment_updated-2.json": NO_CONVERSATION,
    "comment_updated.json": Task("fix", "jira:TES-41"),
    "issue_updated-10.json": Task("fix", "jira:PRJX-14"),
    "issue_updated.issue_comment_edited.json": Task("fix", "jira:PRJX-14"),
    "issue_updated.issue_commented-2.json": Task("fix", "jira:PRJX-14"),
    "issue_updated.issue_commented.json": Task("fix", "jira:TEST-4"),
}


def seen(outcome: outcomes.Outcome) -> Expected:
    match outcome:
        case outcomes.TaskRequested():
            return Task(outcome.command.verb.value, outcome.facts.conversation or "")
        case outcomes.ControlRequested():
            return Control(outcome.control.name)
        case outcomes.Ignored():
            return Ignored(outcome.reason.value)
        case outcomes.Reply():
            raise AssertionError(outcome)


def payload(name: str) -> dict:
    return jira.from_json((FOLDER / name).read_bytes())


def ids_of(account: dict | None) -> set[str]:
    return {account[name] for name in ("accountId", "key", "name") if name in account} if account else set()


def ours() -> frozenset[str]:
    """The accounts to which two of the payloads assign their issue, and one that a comment mentions."""
    (assigned,) = (
        item["to"]
        for item in payload("issue_updated-4.json")["changelog"]["items"]
        if item["field"] == "assignee"
    )
    by_api = payload("issue_updated.issue_assigned-3.json")["issue"]["fields"]["assignee"]
    return frozenset({"user", assigned, *ids_of(by_api)})


def opt_in(content: dict) -> list[Rule]:
    """Rules for every trigger that admit whoever acts in this payload."""
    author = content.get("comment", {}).get("author")
    askers = Allow(users=frozenset(ids_of(content.get("user")) | ids_of(author)))
    verbs = {"mention": Verb.ASK, "label": Verb.FIX, "assignment": Verb.PLAN, "status": Verb.REVIEW}
    return [
        Rule(name=trigger, match=Match(trigger=frozenset({trigger})), allow=askers, run=Run(verb=verb))
        for trigger, verb in verbs.items()
    ]


def read(name: str, rules: Sequence[Rule] = (), bot_names: frozenset[str] = frozenset()) -> outcomes.Outcome:
    handler = jira.handler(*rules, bot_names=bot_names)
    delivery = jira.delivery((FOLDER / name).read_bytes())
    handler.verify(delivery)
    return handler.interpret(delivery)


def read_mentioning(name: str) -> outcomes.Outcome:
    content = payload(name)
    content["comment"]["body"] = "@agent fix it"
    return jira.read(content, *opt_in(content), bot_names=ours())


def test_the_table_names_exactly_the_collected_payloads() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(BY_DEFAULT)
    assert sorted(BY_OPT_IN) == sorted(BY_DEFAULT)


@pytest.mark.parametrize(("name", "expected"), BY_DEFAULT.items())
def test_the_outcome_under_the_default_rules(name: str, expected: Expected) -> None:
    assert seen(read(name)) == expected


@pytest.mark.parametrize(("name", "expected"), BY_OPT_IN.items())
def test_the_outcome_where_rules_ask_for_everything(name: str, expected: Expected) -> None:
    assert seen(read(name, opt_in(payload(name)), ours())) == expected


@pytest.mark.parametrize(("name", "expected"), WITH_A_MENTION.items())
def test_the_outcome_if_the_comment_mentioned_the_agent(name: str, expected: Expected) -> None:
    assert seen(read_mentioning(name)) == expected


def test_every_payload_with_a_comment_is_tried_with_a_mention() -> None:
    names = {path.name for path in FOLDER.iterdir() if "comment" in payload(path.name)}
    assert names == set(WITH_A_MENTION)


def test_real_twins_share_their_subject() -> None:
    untyped, typed = map(read_mentioning, ("issue_updated-10.json", "issue_updated.issue_commented-2.json"))
    assert isinstance(untyped, outcomes.TaskRequested)
    assert isinstance(typed, outcomes.TaskRequested)
    assert untyped.keys[-1] == typed.keys[-1]


@pytest.mark.parametrize("name", BY_DEFAULT)
def test_every_payload_tells_what_it_speaks_of(name: str) -> None:
    facts = read(name).facts
    assert facts.event
    assert facts.actor is not None
    assert facts.actor.id
    assert (facts.lane is None) == (facts.conversation is None) == (facts.origin is None)
    assert (facts.conversation is None) == (name in WITHOUT_AN_ISSUE)
    assert facts.conversation is None or facts.url is not None
