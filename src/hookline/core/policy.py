"""The rule book: the first rule that matches decides."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TypeAlias

from hookline.domain.command import CODE_CHANGING_VERBS, Command, Option, Verb
from hookline.domain.outcome import Reason
from hookline.domain.policy import Admitted, Candidate, Refused, Ruling
from hookline.domain.rules import MOST_BUDGET_USD, Allow, Match, Mode, Plan, Priority, Rule, Run

_Condition: TypeAlias = Callable[[Candidate], bool]

LEAST_BUDGET_USD = Decimal("0.000001")
ECHO_AGENT = "echo"
"""The agent that runs nothing, and so needs no repository for any verb."""


class RuleBook:
    """Applies an ordered list of rules; implements `Policy`."""

    def __init__(self, handle: str, rules: Sequence[Rule]) -> None:
        """Keep the handle that people mention and the rules in their order, made ready to be applied."""
        self._handle = handle
        self._rules = tuple((rule, _conditions(rule.match), _default_plan(rule)) for rule in rules)

    @property
    def handle(self) -> str:
        """The name people mention, without the `@`."""
        return self._handle

    def rule_on(self, candidate: Candidate, /) -> Ruling:
        """Find the first matching rule and apply it."""
        for rule, conditions, plan in self._rules:
            for holds in conditions:
                if not holds(candidate):
                    break
            else:
                return _apply(rule, plan, candidate)
        return Refused(Reason.NO_RULE, candidate.trigger.value)


def _conditions(match: Match) -> tuple[_Condition, ...]:
    """The conditions that a match really has."""
    given = [_one_of(read, wanted) for read, wanted in _readings(match) if wanted]
    return (*given, partial(_lane_fits, match.lane)) if match.lane else tuple(given)


def _readings(match: Match) -> list[tuple[Callable[[Candidate], str], frozenset[str]]]:
    return [
        (lambda candidate: candidate.provider, match.provider),
        (lambda candidate: candidate.trigger.value, match.trigger),
        (lambda candidate: candidate.source, match.source),
        (lambda candidate: candidate.facts.event, match.event),
        (lambda candidate: candidate.facts.action, match.action),
        (lambda candidate: candidate.label, match.label),
        (lambda candidate: candidate.level, match.level),
        (lambda candidate: candidate.command.verb.value if candidate.command else "", match.verb),
    ]


def _one_of(read: Callable[[Candidate], str], wanted: frozenset[str]) -> _Condition:
    return lambda candidate: read(candidate) in wanted


def _lane_fits(wanted: frozenset[str], candidate: Candidate) -> bool:
    lane = candidate.facts.lane or ""
    return any(
        lane.startswith(pattern[:-1]) if pattern.endswith("*") else lane == pattern for pattern in wanted
    )


def _default_plan(rule: Rule) -> Plan:
    """How a rule runs what was asked for without options."""
    run = rule.run
    return Plan(
        rule=rule.name,
        agent=run.agent,
        band=run.priority.band,
        mode=run.mode,
        model=run.model,
        budget_usd=None if run.budget_usd is None else Decimal(str(run.budget_usd)),
        repository=run.repository,
        base=run.base,
        folds=run.fold,
    )


def _apply(rule: Rule, default: Plan, candidate: Candidate) -> Ruling:
    if not _may_ask(rule.allow, candidate):
        return Refused(Reason.NOT_ALLOWED, rule.name)
    command = _command(rule.run, candidate)
    plan = _plan(rule.run, default, candidate, command.options)
    if command.verb in CODE_CHANGING_VERBS and plan.repository is None and plan.agent != ECHO_AGENT:
        return Refused(Reason.NO_REPOSITORY, rule.name)
    return Admitted(command, plan)


def _may_ask(allow: Allow, candidate: Candidate) -> bool:
    if not (allow.associations or allow.users or allow.channels):
        return candidate.entitled
    actor = candidate.facts.actor
    is_listed_user = actor is not None and (actor.id in allow.users or bool(candidate.logins & allow.users))
    return (
        (not allow.associations or candidate.standing in allow.associations)
        and (not allow.users or is_listed_user)
        and (not allow.channels or candidate.channel in allow.channels)
    )


def _command(run: Run, candidate: Candidate) -> Command:
    if candidate.command is not None:
        return candidate.command
    return Command(verb=run.verb or Verb.ANALYZE, text=run.text or candidate.facts.title)


def _plan(run: Run, default: Plan, candidate: Candidate, options: Mapping[Option, str]) -> Plan:
    dropped: list[str] = []
    agent, band, mode = default.agent, default.band, default.mode
    model, budget = default.model, default.budget_usd
    if options:
        agent = _choice(options.get(Option.AGENT), run.agent, run.agents, Option.AGENT, dropped) or run.agent
        model = _choice(options.get(Option.MODEL), run.model, run.models, Option.MODEL, dropped)
        band = _priority(options.get(Option.PRIORITY), run, dropped).band
        mode = _mode(options.get(Option.MODE), run.mode, dropped)
        budget = _budget(options.get(Option.BUDGET), default.budget_usd, dropped)
    return Plan(
        default.rule,
        agent,
        band,
        mode,
        model,
        budget,
        repository=candidate.repository or default.repository,
        base=candidate.base or default.base,
        dropped=tuple(dropped),
        folds=default.folds,
    )


def _choice(
    asked: str | None, default: str | None, allowed: frozenset[str], option: Option, dropped: list[str]
) -> str | None:
    if asked is None or asked == default:
        return default
    if asked in allowed:
        return asked
    dropped.append(option.value)
    return default


def _priority(asked: str | None, run: Run, dropped: list[str]) -> Priority:
    if asked is None:
        return run.priority
    try:
        wanted = Priority(asked.lower())
    except ValueError:
        dropped.append(Option.PRIORITY.value)
        return run.priority
    highest = min(run.max_priority.band, run.priority.band)
    if wanted.band < highest:
        dropped.append(Option.PRIORITY.value)
        return run.priority
    return wanted


def _mode(asked: str | None, default: Mode, dropped: list[str]) -> Mode:
    if asked is None or asked == default.value:
        return default
    if asked == Mode.STAGED.value:
        return Mode.STAGED
    dropped.append(Option.MODE.value)
    return default


def _budget(asked: str | None, ceiling: Decimal | None, dropped: list[str]) -> Decimal | None:
    if asked is None:
        return ceiling
    try:
        wanted = Decimal(asked)
    except InvalidOperation:
        wanted = Decimal(0)
    most = MOST_BUDGET_USD if ceiling is None else ceiling
    if not (wanted.is_finite() and LEAST_BUDGET_USD <= wanted <= most):
        dropped.append(Option.BUDGET.value)
        return ceiling
    return wanted
