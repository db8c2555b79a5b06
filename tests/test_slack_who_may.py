"""Slack: who is heard, who may ask, and what the rules see."""

import pytest

from hookline.domain.command import Band, Verb
from hookline.domain.outcome import ActorKind, Reason
from hookline.domain.rules import Allow, Match, Rule, Run
from slack_case import CASE, LANE, ORIGIN, SUBJECT, as_bot, ignored, reason, saying, task


@pytest.mark.parametrize(
    ("fixture", "why"),
    [
        ("message__by_another_app", Reason.BOT),
        ("message__bot_message", Reason.BOT),
        ("message__own", Reason.OWN_WORDS),
    ],
)
def test_bots_and_the_agent_itself_never_command(fixture: str, why: Reason) -> None:
    outcome = CASE.on(fixture)
    assert reason(outcome) is why
    assert outcome.facts.actor is not None
    assert outcome.facts.actor.kind is ActorKind.BOT
    assert outcome.facts.origin == ORIGIN


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"user": "U01AGENT"}, Reason.OWN_WORDS),
        ({"app_id": "A01HOOK"}, Reason.OWN_WORDS),
        ({"bot_id": "B01X", "bot_profile": {"app_id": "A01HOOK"}}, Reason.OWN_WORDS),
        ({"bot_id": "B01X"}, Reason.BOT),
        ({"bot_id": "B01X", "user": None}, Reason.BOT),
        ({"subtype": "bot_message"}, Reason.BOT),
        ({"user": "USLACKBOT"}, Reason.BOT),
    ],
)
@pytest.mark.parametrize("fixture", ["app_mention__in_channel", "message__direct"])
def test_whatever_tells_a_bot_is_heeded(changes: dict[str, object], why: Reason, fixture: str) -> None:
    assert reason(CASE.interpret(CASE.event(fixture, **changes))) is why


@pytest.mark.parametrize("mark", ["user", "bot_id", "app_id"])
def test_configured_names_are_our_own(mark: str) -> None:
    outcome = as_bot("X01OURS", CASE.event("app_mention__in_channel", **{mark: "X01OURS"}))
    assert reason(outcome) is Reason.OWN_WORDS


def test_configured_names_can_be_mentioned() -> None:
    outcome = as_bot("U01SAGE", saying("<@U01SAGE> fix it", "message__without_mention"))
    assert task(outcome).command.verb is Verb.FIX


@pytest.mark.parametrize("fixture", ["message_changed__command", "message_changed__mention_removed"])
def test_edits_by_the_agent_are_its_own_words(fixture: str) -> None:
    message = CASE.fixture_json(fixture)["event"]["message"]
    body = CASE.event(fixture, message={**message, "user": "U01AGENT"})
    assert reason(CASE.interpret(body)) is Reason.OWN_WORDS


@pytest.mark.parametrize("fixture", ["message_deleted__command", "message_changed__tombstone"])
def test_the_agent_deleting_its_own_words_is_no_withdrawal(fixture: str) -> None:
    previous = CASE.fixture_json(fixture)["event"]["previous_message"]
    body = CASE.event(fixture, previous_message={**previous, "user": "U01AGENT"})
    assert reason(CASE.interpret(body)) is Reason.OWN_WORDS


def test_people_who_installed_the_app_are_neither_bots_nor_mentions() -> None:
    legacy = CASE.fixture_json("app_mention__authed_users")
    assert task(CASE.on("app_mention__authed_users")).command.verb is Verb.FIX
    event = {**legacy["event"], "type": "message", "user": "U01AGENT"}
    by_installer = CASE.envelope("app_mention__authed_users", event=event)
    assert task(CASE.interpret(by_installer)).command.verb is Verb.FIX
    newer = CASE.envelope("message__without_mention", authed_users=["U01SAGE"])
    outcome = CASE.interpret(newer.replace(b"lunch?", b"<@U01SAGE> fix lunch"))
    assert reason(outcome) is Reason.NO_COMMAND


def test_an_app_mention_takes_the_first_user_where_nothing_tells_the_bot() -> None:
    body = CASE.envelope("app_mention__in_channel", authorizations=[])
    assert task(CASE.interpret(body)).command.verb is Verb.FIX


@pytest.mark.parametrize(
    "changes", [{"team": "T02GUEST"}, {"user_team": "T02GUEST"}, {"source_team": "T02GUEST"}]
)
@pytest.mark.parametrize("fixture", ["app_mention__in_channel", "message__direct"])
def test_users_of_other_workspaces_may_not_ask(changes: dict[str, str], fixture: str) -> None:
    assert ignored(CASE.interpret(CASE.event(fixture, **changes))) == (Reason.NOT_ALLOWED, "mentions")


@pytest.mark.parametrize("text", ["<@U01AGENT> fix it", "<@U01AGENT> cancel"])
def test_nobody_may_ask_or_control_in_a_shared_channel(text: str) -> None:
    value = CASE.fixture_json("app_mention__in_channel")
    body = CASE.envelope(
        "app_mention__in_channel", is_ext_shared_channel=True, event={**value["event"], "text": text}
    )
    assert ignored(CASE.interpret(body)) == (Reason.NOT_ALLOWED, "mentions")


def test_another_workspace_beside_the_installed_one_may_not_ask() -> None:
    body = CASE.envelope("app_mention__in_channel", team_id="T02GUEST")
    assert reason(CASE.interpret(body)) is Reason.NOT_ALLOWED


def test_the_installed_workspace_names_the_lane_of_both_twins() -> None:
    body = CASE.envelope("message__mention_in_channel", team_id="T02GUEST", is_ext_shared_channel=True)
    guests = Rule(name="guests", allow=Allow(channels=frozenset({"C01BUILD"})))
    asked = task(CASE.interpret(body, None, guests))
    assert asked.facts.lane == LANE
    assert SUBJECT in asked.keys


def test_an_installation_of_an_organisation_leaves_the_workspace_to_the_envelope() -> None:
    everywhere = [{"enterprise_id": "E01", "team_id": "T09ANY", "is_enterprise_install": True}]
    body = CASE.envelope("app_mention__in_channel", authorizations=everywhere)
    assert task(CASE.interpret(body)).facts.lane == LANE


@pytest.mark.parametrize("missing", ["user_team", "source_team", "team"])
def test_workspaces_that_are_not_told_do_not_matter(missing: str) -> None:
    assert task(CASE.interpret(CASE.event("app_mention__in_channel", **{missing: None})))


def test_rules_name_users_and_channels() -> None:
    listed = Rule(name="listed", allow=Allow(users=frozenset({"U01ROWAN"}), channels=frozenset({"C01BUILD"})))
    assert task(CASE.on("app_mention__in_channel", listed)).plan.rule == "listed"
    outcome = CASE.on("message__direct", listed)
    assert ignored(outcome) == (Reason.NOT_ALLOWED, "listed")


def test_rules_match_event_action_lane_and_trigger() -> None:
    rule = Rule(
        name="broadcasts",
        match=Match(
            event=frozenset({"message"}),
            action=frozenset({"thread_broadcast"}),
            lane=frozenset({"slack:T01HOUSE/*"}),
            trigger=frozenset({"mention"}),
        ),
        run=Run(agent="claude", repository="octo/app"),
    )
    asked = task(CASE.on("message__thread_broadcast", rule))
    assert (asked.plan.agent, asked.plan.repository, asked.plan.band) == ("claude", "octo/app", Band.NORMAL)
    assert reason(CASE.on("message__direct", rule)) is Reason.NO_RULE
