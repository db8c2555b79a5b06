import pytest

from github_deliveries import OURS, changed, expect, interpret, load, on, reason, task
from hookline.domain.command import Verb
from hookline.domain.outcome import (
    Ignored,
    Reason,
)
from hookline.domain.rules import Allow


@pytest.mark.parametrize("standing", ["OWNER", "MEMBER", "COLLABORATOR"])
def test_those_who_belong_may_ask(standing: str) -> None:
    payload = changed("issue_comment__mention", lambda p: p["comment"].update(author_association=standing))
    assert task("issue_comment__mention", payload=payload).plan.rule == "mentions"


@pytest.mark.parametrize(
    "standing",
    ["CONTRIBUTOR", "FIRST_TIMER", "FIRST_TIME_CONTRIBUTOR", "MANNEQUIN", "NONE", "owner", "", None],
)
def test_others_may_not(standing: str | None) -> None:
    payload = changed("issue_comment__mention", lambda p: p["comment"].update(author_association=standing))
    ignored = expect(Ignored, interpret("issue_comment__mention", payload=payload))
    assert (ignored.reason, ignored.detail) == (Reason.NOT_ALLOWED, "mentions")


def test_a_rule_may_let_more_people_ask() -> None:
    rule = on("mention", allow=Allow(associations=frozenset({"NONE"})))
    assert task("issue_comment__by_outsider", rule).command.verb is Verb.FIX
    assert reason("issue_comment__by_outsider") is Reason.NOT_ALLOWED
    assert reason("issue_comment__mention", rule) is Reason.NOT_ALLOWED


def test_the_standing_is_that_of_the_text_and_not_of_its_issue() -> None:
    payload = changed("issue_comment__by_outsider", lambda p: p["issue"].update(author_association="OWNER"))
    assert reason("issue_comment__by_outsider", payload=payload) is Reason.NOT_ALLOWED


@pytest.mark.parametrize("fixture", ["issues__opened_with_mention", "issue_comment__edited_to_ask"])
def test_nobody_lends_standing_to_the_words_of_another(fixture: str) -> None:
    payload = load(fixture)
    payload["sender"] = load("issues__closed")["sender"]
    rule = on("mention", allow=Allow(users=frozenset({"bob-octo"})))
    ignored = expect(Ignored, interpret(fixture, rule, payload=payload))
    assert (ignored.reason, ignored.detail) == (Reason.NOT_ALLOWED, "the text is somebody else's")


def test_the_words_of_a_deleted_account_ask_for_nothing() -> None:
    payload = changed("issue_comment__mention", lambda p: p["comment"].update(user=None))
    assert reason("issue_comment__mention", payload=payload) is Reason.NOT_ALLOWED


def test_without_a_sender_the_author_has_acted() -> None:
    payload = changed("issue_comment__mention", lambda p: p.update(sender=None))
    actor = task("issue_comment__mention", payload=payload).facts.actor
    assert actor is not None
    assert actor.name == "ada-octo"


def test_bots_are_not_heard() -> None:
    assert reason("issue_comment__by_bot") is Reason.BOT


def test_a_bot_behind_a_persons_delivery_is_not_heard() -> None:
    payload = changed("issue_comment__mention", lambda p: p["comment"]["user"].update(type="Bot"))
    assert reason("issue_comment__mention", payload=payload) is Reason.BOT


@pytest.mark.parametrize(
    "ours",
    [{"hookline-app[bot]"}, {"Hookline-App"}, {"2001"}, {"3001"}, OURS],
    ids=lambda ours: ",".join(sorted(ours)),
)
def test_our_own_words_are_not_heard(ours: set[str]) -> None:
    assert reason("issue_comment__own_words", ours=frozenset(ours)) is Reason.OWN_WORDS


def test_without_a_name_of_our_own_an_app_is_a_bot() -> None:
    assert reason("issue_comment__own_words", ours=frozenset()) is Reason.BOT


def test_a_person_through_our_app_is_our_own_words() -> None:
    app = {"id": 3001, "slug": "hookline-app"}
    payload = changed("issue_comment__mention", lambda p: p["comment"].update(performed_via_github_app=app))
    assert reason("issue_comment__mention", payload=payload) is Reason.OWN_WORDS
    other = {"id": 9, "slug": "mobile"}
    payload = changed("issue_comment__mention", lambda p: p["comment"].update(performed_via_github_app=other))
    assert task("issue_comment__mention", payload=payload).command.verb is Verb.FIX


def test_a_person_with_the_name_of_our_app_is_still_a_person() -> None:
    assert task("issue_comment__mention", ours=frozenset({"ada-octo[bot]"})).command.verb is Verb.FIX


def test_a_deletion_of_our_own_words_is_nothing() -> None:
    payload = load("issue_comment__own_words") | {"action": "deleted"}
    assert reason("issue_comment__own_words", payload=payload) is Reason.OWN_WORDS


def test_either_name_of_our_app_stands_for_it() -> None:
    app = {"id": 3001, "slug": "hookline-app"}
    payload = changed("issue_comment__mention", lambda p: p["comment"].update(performed_via_github_app=app))
    for name in ("hookline-app", "Hookline-App[bot]"):
        ours = frozenset({name})
        assert reason("issue_comment__mention", payload=payload, ours=ours) is Reason.OWN_WORDS
