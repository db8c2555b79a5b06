"""The rules that hold without a file."""

from hookline.domain.command import Verb
from hookline.domain.outcome import Trigger
from hookline.domain.rules import Match, Priority, Rule, Run

ADDRESSED = frozenset(
    {
        Trigger.MENTION,
        Trigger.DIRECT_MESSAGE,
        Trigger.SLASH_COMMAND,
        Trigger.SHORTCUT,
        Trigger.BUTTON,
    }
)
"""Triggers with which a person speaks to the agent."""

_ANY = frozenset[str]()
_SENTRY = frozenset({"sentry"})
_GRAVE = frozenset({"fatal", "critical"})
_ANALYZE_AT_ONCE = Run(verb=Verb.ANALYZE, priority=Priority.CRITICAL)
_ANALYZE_SOON = Run(verb=Verb.ANALYZE, priority=Priority.HIGH)


def _sentry_rule(
    name: str,
    run: Run,
    event: frozenset[str],
    action: frozenset[str] = _ANY,
    level: frozenset[str] = _ANY,
    label: frozenset[str] = _ANY,
) -> Rule:
    match = Match(provider=_SENTRY, event=event, action=action, level=level, label=label)
    return Rule(name=name, match=match, run=run)


DEFAULT_RULES: tuple[Rule, ...] = (
    Rule(name="mentions", match=Match(trigger=ADDRESSED), run=Run()),
    _sentry_rule(
        "sentry-critical-metric",
        _ANALYZE_AT_ONCE,
        event=frozenset({"metric_alert"}),
        action=frozenset({"critical"}),
    ),
    _sentry_rule("sentry-fatal-alert", _ANALYZE_AT_ONCE, event=frozenset({"event_alert"}), level=_GRAVE),
    _sentry_rule("sentry-alert", _ANALYZE_SOON, event=frozenset({"event_alert"})),
    _sentry_rule(
        "sentry-fatal-issue",
        _ANALYZE_AT_ONCE,
        event=frozenset({"issue"}),
        action=frozenset({"created"}),
        level=_GRAVE,
    ),
    _sentry_rule(
        "sentry-new-issue", _ANALYZE_SOON, event=frozenset({"issue"}), action=frozenset({"created"})
    ),
    _sentry_rule(
        "sentry-fatal-regression",
        _ANALYZE_AT_ONCE,
        event=frozenset({"issue"}),
        action=frozenset({"unresolved"}),
        label=frozenset({"regressed"}),
        level=_GRAVE,
    ),
    _sentry_rule(
        "sentry-regression",
        _ANALYZE_SOON,
        event=frozenset({"issue"}),
        action=frozenset({"unresolved"}),
        label=frozenset({"regressed"}),
    ),
)
