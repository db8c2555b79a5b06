"""The rule book: matching, who may ask, and what options may change."""

from decimal import Decimal

import pytest

from hookline.core.policy import RuleBook
from hookline.domain.command import Band, Command, Option, Verb
from hookline.domain.outcome import Actor, Facts, Reason, Trigger
from hookline.domain.policy import Admitted, Candidate, Refused
from hookline.domain.rules import Allow, Match, Mode, Plan, Priority, Rule, Run

FACTS = Facts(
    "issue_comment", "created", lane="github:octo/app", actor=Actor("1001", "ada-octo"), title="Login"
)


def candidate(
    verb: Verb = Verb.ASK, options: dict[Option, str] | None = None, **changes: object
) -> Candidate:
    given = {
        "provider": "github",
        "source": "default",
        "facts": FACTS,
        "trigger": Trigger.MENTION,
        "entitled": True,
        "command": Command(verb, "it", options or {}),
        "logins": frozenset({"ada-octo"}),
    }
    return Candidate(**{**given, **changes})


def plan(run: Run, options: dict[Option, str]) -> Plan:
    ruling = RuleBook("agent", [Rule(name="r", run=run)]).rule_on(candidate(options=options))
    assert isinstance(ruling, Admitted)
    return ruling.plan


@pytest.mark.parametrize(
    ("match", "is_fit"),
    [
        (Match(), True),
        (Match(provider=frozenset({"github"}), event=frozenset({"issue_comment"})), True),
        (Match(provider=frozenset({"jira"})), False),
        (Match(source=frozenset({"second"})), False),
        (Match(event=frozenset({"push"})), False),
        (Match(action=frozenset({"edited"})), False),
        (Match(trigger=frozenset({"label"})), False),
        (Match(label=frozenset({"agent"})), False),
        (Match(level=frozenset({"fatal"})), False),
        (Match(verb=frozenset({"ask"})), True),
        (Match(verb=frozenset({"fix"})), False),
        (Match(lane=frozenset({"github:octo/app"})), True),
        (Match(lane=frozenset({"github:octo/*"})), True),
        (Match(lane=frozenset({"github:octo"})), False),
    ],
)
def test_every_given_condition_must_hold(match: Match, is_fit: bool) -> None:
    ruling = RuleBook("agent", [Rule(name="r", match=match)]).rule_on(candidate())
    assert isinstance(ruling, Admitted) is is_fit
    if not is_fit:
        assert ruling == Refused(Reason.NO_RULE, "mention")


def test_the_first_match_decides_even_if_it_refuses() -> None:
    rules = [Rule(name="strict", allow=Allow(users=frozenset({"9"}))), Rule(name="open")]
    assert RuleBook("agent", rules).rule_on(candidate()) == Refused(Reason.NOT_ALLOWED, "strict")


@pytest.mark.parametrize(
    ("allow", "changes", "may"),
    [
        (Allow(), {"entitled": False}, False),
        (Allow(users=frozenset({"1001"})), {"entitled": False}, True),
        (Allow(users=frozenset({"ada-octo"})), {}, True),
        (Allow(users=frozenset({"ada-octo"})), {"logins": frozenset()}, False),
        (Allow(associations=frozenset({"OWNER"})), {"standing": "OWNER"}, True),
        (Allow(associations=frozenset({"OWNER"})), {"standing": "NONE"}, False),
        (Allow(channels=frozenset({"C1"})), {"channel": "C1"}, True),
        (Allow(channels=frozenset({"C1"}), users=frozenset({"2"})), {"channel": "C1"}, False),
    ],
)
def test_who_may_ask(allow: Allow, changes: dict[str, object], may: bool) -> None:
    ruling = RuleBook("agent", [Rule(name="r", allow=allow)]).rule_on(candidate(**changes))
    assert isinstance(ruling, Admitted) is may


def test_options_within_the_rule_are_taken() -> None:
    run = Run(agent="echo", agents=frozenset({"claude"}), models=frozenset({"opus"}), budget_usd=5.0)
    made = plan(
        run,
        {
            Option.AGENT: "claude",
            Option.MODEL: "opus",
            Option.PRIORITY: "HIGH",
            Option.MODE: "staged",
            Option.BUDGET: "2.50",
        },
    )
    assert (made.agent, made.model, made.band, made.mode) == ("claude", "opus", Band.HIGH, Mode.STAGED)
    assert (made.budget_usd, made.dropped) == (Decimal("2.50"), ())


@pytest.mark.parametrize(
    ("option", "value"),
    [
        (Option.AGENT, "root"),
        (Option.MODEL, "huge"),
        (Option.PRIORITY, "critical"),
        (Option.PRIORITY, "urgent"),
        (Option.MODE, "live!"),
        (Option.BUDGET, "1000"),
        (Option.BUDGET, "-1"),
        (Option.BUDGET, "NaN"),
        (Option.BUDGET, "much"),
    ],
)
def test_options_beyond_the_rule_are_dropped_and_told(option: Option, value: str) -> None:
    made = plan(Run(budget_usd=5.0), {option: value})
    assert made.dropped == (option.value,)
    assert made == plan(Run(budget_usd=5.0), {}).__class__(
        **{
            name: getattr(plan(Run(budget_usd=5.0), {}), name) for name in Plan.__slots__ if name != "dropped"
        },
        dropped=made.dropped,
    )


@pytest.mark.parametrize(
    "value", ["1e999990", "9e999999", "1e30", "1e-30", "0.0000001", "10000.01", "inf", "sNaN", "-0", "0"]
)
def test_a_budget_that_nobody_can_mean_is_dropped(value: str) -> None:
    made = plan(Run(), {Option.BUDGET: value})
    assert (made.budget_usd, made.dropped) == (None, ("budget",))


@pytest.mark.parametrize("value", ["10000", "0.000001", "1e3"])
def test_without_a_bound_in_the_rule_a_budget_has_one_all_the_same(value: str) -> None:
    made = plan(Run(), {Option.BUDGET: value})
    assert (made.budget_usd, made.dropped) == (Decimal(value), ())


def test_an_option_may_lower_what_the_rule_sets_but_live_cannot_be_asked_for() -> None:
    assert plan(Run(priority=Priority.HIGH), {Option.PRIORITY: "low"}).band is Band.LOW
    assert plan(Run(mode=Mode.STAGED), {Option.MODE: "live"}).dropped == ("mode",)
    assert plan(Run(priority=Priority.CRITICAL), {Option.PRIORITY: "critical"}).band is Band.CRITICAL


def test_a_rule_says_what_to_do_where_nobody_wrote_a_command() -> None:
    book = RuleBook("agent", [Rule(name="r", run=Run(verb=Verb.PLAN, text="look"))])
    ruling = book.rule_on(candidate(command=None))
    assert isinstance(ruling, Admitted)
    assert ruling.command == Command(Verb.PLAN, "look")
    default = RuleBook("agent", [Rule(name="r")]).rule_on(candidate(command=None))
    assert isinstance(default, Admitted)
    assert default.command == Command(Verb.ANALYZE, "Login")


@pytest.mark.parametrize(
    ("agent", "repository", "may"), [("echo", None, True), ("x", None, False), ("x", "o/a", True)]
)
def test_no_code_is_changed_without_a_repository(agent: str, repository: str | None, may: bool) -> None:
    book = RuleBook("agent", [Rule(name="r", run=Run(agent=agent, repository=repository))])
    ruling = book.rule_on(candidate(Verb.FIX))
    assert isinstance(ruling, Admitted) is may
    if not may:
        assert ruling == Refused(Reason.NO_REPOSITORY, "r")
