"""What the tables of the real payloads say, in one shape, and the settings under which each table holds."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import test_github_payloads as github
import test_jira_payloads as jira
import test_sentry_payloads as sentry
import test_slack_payloads as slack

from hookline.core.default_rules import ADDRESSED
from hookline.domain.rules import Allow, Match, Rule

Told: TypeAlias = dict[str, str | int | None]
"""As much as a table tells of what must become of a payload, by the name of the fact."""


def of_github(seen: github.Seen) -> Told:
    return {"kind": seen.kind, "word": seen.word, "conversation": seen.place}


def of_jira(expected: jira.Expected) -> Told:
    match expected:
        case jira.Task(verb, conversation):
            return {"kind": "task", "word": verb, "conversation": conversation}
        case jira.Control(name):
            return {"kind": "control", "word": name}
        case jira.Ignored(reason):
            return {"kind": "ignored", "word": reason}


def of_sentry(expected: sentry.Expected) -> Told:
    match expected:
        case sentry.Task(verb, conversation, lane, band):
            told: Told = {"kind": "task", "word": verb, "band": int(band)}
            return told | {"conversation": conversation, "lane": lane}
        case sentry.Control(name, conversation):
            return {"kind": "control", "word": name, "conversation": conversation}
        case sentry.Passed(reason, conversation, lane):
            return {"kind": "ignored", "word": reason, "conversation": conversation, "lane": lane}
        case sentry.Reply(lane):
            return {"kind": "reply", "lane": lane}
        case sentry.Malformed(why):
            return {"kind": "malformed", "word": why}


def of_slack(expected: tuple[str, ...]) -> Told:
    return dict(zip(("kind", "word", "conversation", "text", "trigger"), expected, strict=False))


def of_all(
    of_githubs: Mapping[str, github.Seen],
    of_jiras: Mapping[str, jira.Expected],
    of_sentrys: Mapping[str, sentry.Expected],
    of_slacks: Mapping[str, tuple[str, ...]],
) -> dict[str, Told]:
    """All four tables as one, by provider and file."""
    return {
        **{f"github/{name}": of_github(seen) for name, seen in of_githubs.items()},
        **{f"jira/{name}": of_jira(seen) for name, seen in of_jiras.items()},
        **{f"slack/{name}": of_slack(seen) for name, seen in of_slacks.items()},
        **{f"sentry/{name}.json": of_sentry(seen) for name, seen in of_sentrys.items()},
    }


@dataclass(frozen=True)
class Regime:
    """Settings, what is expected under them, and which payloads repeat the task of which other one."""

    expected: Mapping[str, Told]
    repeated: Mapping[str, str]
    bot_names: Mapping[str, Iterable[str]]
    rules: tuple[Rule, ...] = ()

    def became(self, name: str) -> Told:
        """What must become of a payload: of one that is repeated, what became of the first."""
        return self.expected[self.repeated.get(name, name)]

    @property
    def settings(self) -> str:
        """The settings as a file."""
        sources = (
            f"[[sources]]\nprovider = {json.dumps(provider)}\nbot_names = {json.dumps(sorted(names))}\n"
            for provider, names in self.bot_names.items()
        )
        return "\n".join([*sources, *map(_as_toml, self.rules)])


def _as_toml(rule: Rule) -> str:
    parts = rule.model_dump(mode="json", exclude_defaults=True)
    tables = (f"{name} = {_inline(parts[name])}" for name in ("match", "allow", "run") if name in parts)
    return "\n".join(["[[rules]]", f"name = {json.dumps(rule.name)}", *tables, ""])


def _inline(table: Mapping[str, str | list[str]]) -> str:
    return "{ " + ", ".join(f"{name} = {json.dumps(value)}" for name, value in table.items()) + " }"


def only(provider: str, rules: Iterable[Rule]) -> list[Rule]:
    """The rules, for one provider."""
    return [
        rule.model_copy(
            update={
                "name": f"{provider} {rule.name}",
                "match": rule.match.model_copy(update={"provider": frozenset({provider})}),
            }
        )
        for rule in rules
    ]


def jira_rules() -> list[Rule]:
    """The opt-in rules of Jira's table, whose askers are whoever acts in any of the payloads."""
    of_each = [jira.opt_in(jira.payload(name)) for name in jira.BY_OPT_IN]
    users = frozenset[str]().union(*(rule.allow.users for rules in of_each for rule in rules))
    return [rule.model_copy(update={"allow": Allow(users=users)}) for rule in of_each[0]]


def by_default() -> Regime:
    """No rules of a file."""
    return Regime(
        expected=of_all(github.EXPECTED, jira.BY_DEFAULT, sentry.EXPECTED, slack.EXPECTED),
        repeated={
            "sentry/metric_alert.critical-rule-action-mock.json": "sentry/metric_alert.critical-mock.json",
            "slack/event.message.channel.json": "slack/event.app_mention.json",
        },
        bot_names={"github": {"octocat"}},
    )


def by_opt_in() -> Regime:
    """Rules that ask for every trigger, and names of our own."""
    asked = github.EXPECTED | github.ASKED
    spoken = Rule(name="mentions", match=Match(trigger=ADDRESSED))
    return Regime(
        expected=of_all(asked, jira.BY_OPT_IN, sentry.EXPECTED_OPTED_IN, slack.WITH_OUR_OWN_NAMES),
        repeated={
            "github/push-3.json": "github/push-2.json",
            "jira/issue_created-3.json": "jira/issue_created-2.json",
            "jira/issue_created.json": "jira/issue_created-2.json",
            "sentry/issue.created.json": "sentry/error.created.json",
        },
        bot_names={"github": {"octocat"}, "jira": jira.ours(), "slack": slack.OURS},
        rules=(
            *only("github", github.OPTED_IN),
            *only("jira", jira_rules()),
            *only("sentry", sentry.OPTED_IN),
            *only("slack", [spoken]),
        ),
    )


REGIMES = {"default": by_default, "opt_in": by_opt_in}
