"""The rule book: the first rule that matches decides."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from hookline.domain.command import CODE_CHANGING_VERBS, Command, Option, Verb
from hookline.domain.outcome import Reason
from hookline.domain.policy import Admitted, Candidate, Refused, Ruling
from hookline.domain.rules import Allow, Match, Mode, Plan, Priority, Rule, Run

ECHO_AGENT = "echo"
"""The agent that runs nothing, and so needs no repository for any verb."""


class RuleBook:
    """Applies an ordered list of rules; implements `Policy`."""

    def __init__(self, handle: str, rules: Sequence[Rule]) -> None:
        """Keep the handle that people mention and the rules in their order."""
        self._handle = handle
        self._rules = tuple(rules)

    @property
    def handle(self) -> str:
        """The name people mention, without the `@`."""
        return self._handle

    def rule_on(self, candidate: Candidate, /) -> Ruling:
        """Find the first matching rule and apply it."""
        for rule in self._rules:
            if _matches(rule.match, candidate):
                return _apply(rule, candidate)
        return Refused(Reason.NO_RULE, candidate.trigger.value)


def _matches(match: Match, candidate: Candidate) -> bool:
    command_verb = candidate.command.verb.value if candidate.command else ""
    return (
        _holds(match.provider, candidate.provider)
        and _holds(match.trigger, candidate.trigger.value)
        and _holds(match.source, candidate.source)
        and _holds(match.event, candidate.facts.event)
        and _holds(match.action, candidate.facts.action)
        and _holds(match.label, candidate.label)
        and _holds(match.level, candidate.level)
        and _holds(match.verb, command_verb)
        and _lane_fits(match.lane, candidate.facts.lane or "")
    )


def _holds(wanted: frozenset[str], actual: str) -> bool:
    return not wanted or actual in wanted


def _lane_fits(wanted: frozenset[str], lane: str) -> bool:
    return not wanted or any(
        lane.startswith(pattern[:-1]) if pattern.endswith("*") else lane == pattern for pattern in wanted
    )


def _apply(rule: Rule, candidate: Candidate) -> Ruling:
    if not _may_ask(rule.allow, candidate):
        return Refused(Reason.NOT_ALLOWED, rule.name)
    command = _command(rule.run, candidate)
    plan = _plan(rule, candidate, command)
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


def _plan(rule: Rule, candidate: Candidate, command: Command) -> Plan:
    run = rule.run
    options = command.options
    dropped: list[str] = []
    return Plan(
        rule=rule.name,
        agent=_choice(options.get(Option.AGENT), run.agent, run.agents, Option.AGENT, dropped) or run.agent,
        model=_choice(options.get(Option.MODEL), run.model, run.models, Option.MODEL, dropped),
        band=_priority(options.get(Option.PRIORITY), run, dropped).band,
        mode=_mode(options.get(Option.MODE), run.mode, dropped),
        budget_usd=_budget(options.get(Option.BUDGET), run.budget_usd, dropped),
        repository=candidate.repository or run.repository,
        base=candidate.base or run.base,
        dropped=tuple(dropped),
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


def _budget(asked: str | None, limit: float | None, dropped: list[str]) -> Decimal | None:
    ceiling = None if limit is None else Decimal(str(limit))
    if asked is None:
        return ceiling
    try:
        wanted = Decimal(asked)
    except InvalidOperation:
        wanted = Decimal(0)
    if not wanted.is_finite() or wanted <= 0 or (ceiling is not None and wanted > ceiling):
        dropped.append(Option.BUDGET.value)
        return ceiling
    return wanted
