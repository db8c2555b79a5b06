import pytest

from github_deliveries import changed, expect, interpret, load, on, reason, task
from hookline.domain.command import Verb
from hookline.domain.outcome import ControlRequested, ConversationControl, Ignored, Reason, Trigger
from hookline.domain.rules import Allow, Run

PLAN_IT = Run(verb=Verb.PLAN, text="as the handbook says")

GESTURES = [
    ("issues__labeled", Trigger.LABEL, "#12", "issue/12/label/agent"),
    ("pull_request__labeled", Trigger.LABEL, "#34", "pull_request/34/label/agent"),
    ("discussion__labeled", Trigger.LABEL, "@discussions/5", "discussion/5/label/agent"),
    ("issues__assigned_to_agent", Trigger.ASSIGNMENT, "#12", "issue/12/assignee/hookline-agent"),
    (
        "pull_request__assigned_to_agent",
        Trigger.ASSIGNMENT,
        "#34",
        "pull_request/34/assignee/hookline-agent",
    ),
    (
        "pull_request__review_requested_of_agent",
        Trigger.REVIEW_REQUEST,
        "#34",
        "pull_request/34/reviewer/hookline-agent",
    ),
]


@pytest.mark.parametrize(("fixture", "trigger", "tail", "part"), GESTURES)
def test_a_gesture_does_what_its_rule_says(fixture: str, trigger: Trigger, tail: str, part: str) -> None:
    asked = task(fixture, on(trigger.value, PLAN_IT))
    assert asked.trigger is trigger
    assert (asked.command.verb, asked.command.text) == (Verb.PLAN, "as the handbook says")
    assert asked.facts.conversation == f"github:octo/app{tail}"
    assert asked.facts.origin == f"github:octo/app:{part}"
    assert asked.keys[2].startswith(f"github:subject:octo/app:{part}/2026-03-01T")
    assert asked.plan.repository == "octo/app"


@pytest.mark.parametrize("fixture", [row[0] for row in GESTURES])
def test_without_a_rule_for_it_a_gesture_is_nothing(fixture: str) -> None:
    assert reason(fixture) is Reason.NO_RULE


def test_the_label_chooses_the_rule() -> None:
    assert reason("issues__labeled", on("label", PLAN_IT, label=frozenset({"bug"}))) is Reason.NO_RULE
    assert task("issues__labeled", on("label", PLAN_IT, label=frozenset({"agent"}))).plan.rule == "on-label"


def test_a_mention_in_a_labelled_issue_does_not_command() -> None:
    payload = changed("issues__labeled", lambda p: p["issue"].update(body="@agent implement it"))
    assert task("issues__labeled", on("label", PLAN_IT), payload=payload).command.verb is Verb.PLAN


def test_a_label_put_on_again_is_another_subject() -> None:
    later = changed("issues__labeled", lambda p: p["issue"].update(updated_at="2026-03-02T10:05:00Z"))
    rule = on("label", PLAN_IT)
    assert task("issues__labeled", rule).keys[2] != task("issues__labeled", rule, payload=later).keys[2]


@pytest.mark.parametrize(
    ("fixture", "trigger"),
    [
        ("issues__assigned_to_agent", "assignment"),
        ("pull_request__assigned_to_agent", "assignment"),
        ("pull_request__review_requested_of_agent", "review_request"),
    ],
)
def test_a_gesture_towards_somebody_else_is_nothing(fixture: str, trigger: str) -> None:
    assert reason(fixture, on(trigger, PLAN_IT), ours=frozenset({"another"})) is Reason.NO_COMMAND


def test_a_review_requested_of_a_team_is_nothing() -> None:
    rule = on("review_request", PLAN_IT)
    assert reason("pull_request__review_requested_of_team", rule) is Reason.NO_COMMAND


def test_the_agent_is_known_by_id_and_in_any_case() -> None:
    for name in ("2003", "Hookline-Agent"):
        asked = task("issues__assigned_to_agent", on("assignment", PLAN_IT), ours=frozenset({name}))
        assert asked.trigger is Trigger.ASSIGNMENT


@pytest.mark.parametrize(
    ("standing", "may"), [("NONE", False), (None, False), ("CONTRIBUTOR", False), ("COLLABORATOR", True)]
)
def test_an_author_needs_standing_since_templates_label_for_them(standing: str | None, *, may: bool) -> None:
    payload = load("issues__labeled")
    payload["sender"] = payload["issue"]["user"]
    payload["issue"]["author_association"] = standing
    outcome = interpret("issues__labeled", on("label", PLAN_IT), payload=payload)
    assert isinstance(outcome, Ignored) is not may


def test_an_outsiders_issue_may_be_labelled_by_those_who_triage() -> None:
    payload = changed("issues__labeled", lambda p: p["issue"].update(author_association="NONE"))
    assert task("issues__labeled", on("label", PLAN_IT), payload=payload).command.verb is Verb.PLAN


def test_a_bots_pull_request_may_be_labelled_by_a_person() -> None:
    payload = changed("pull_request__labeled", lambda p: p["pull_request"]["user"].update(type="Bot"))
    assert task("pull_request__labeled", on("label", PLAN_IT), payload=payload).command.verb is Verb.PLAN


@pytest.mark.parametrize(
    ("sender", "expected"),
    [("issue_comment__by_bot", Reason.BOT), ("issue_comment__own_words", Reason.OWN_WORDS)],
)
def test_no_bot_starts_anything_by_a_label(sender: str, expected: Reason) -> None:
    payload = load("issues__labeled") | {"sender": load(sender)["sender"]}
    assert reason("issues__labeled", on("label", PLAN_IT), payload=payload) is expected


def test_a_gesture_of_nobody_is_not_allowed() -> None:
    payload = load("issues__labeled") | {"sender": None}
    assert reason("issues__labeled", on("label", PLAN_IT), payload=payload) is Reason.NOT_ALLOWED


def test_a_rule_names_who_may_label() -> None:
    rule = on("label", PLAN_IT, allow=Allow(users=frozenset({"ada-octo"})))
    assert reason("issues__labeled", rule) is Reason.NOT_ALLOWED


def test_a_rule_may_make_a_gesture_a_control() -> None:
    asked = expect(
        ControlRequested, interpret("issues__labeled", on("label", Run(verb=Verb.RETRY, text="now")))
    )
    assert asked.control == ConversationControl(Verb.RETRY, "github:octo/app#12", "now")
    assert asked.rule == "on-label"


@pytest.mark.parametrize("ours", ["hookline-app", "Hookline-App[BOT]", "2001"])
def test_our_app_is_known_by_slug_login_and_id(ours: str) -> None:
    payload = load("issues__labeled") | {"sender": load("issue_comment__own_words")["sender"]}
    rule = on("label", PLAN_IT)
    assert reason("issues__labeled", rule, payload=payload, ours=frozenset({ours})) is Reason.OWN_WORDS
