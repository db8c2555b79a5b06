"""Who may ask in Jira, and whose words never count."""

import pytest

from hookline.domain.outcome import (
    Actor,
    ActorKind,
    Ignored,
    Reason,
    TaskRequested,
)
from hookline.domain.rules import Allow, Rule
from jira_deliveries import MIA, jira


class TestPeople:
    @pytest.mark.parametrize(
        ("kind", "reason"),
        [("app", Reason.BOT), ("customer", Reason.NOT_ALLOWED), (None, Reason.NOT_ALLOWED), ("new", None)],
    )
    def test_only_licensed_people_of_a_cloud_site_may_ask(self, kind: str | None, reason: Reason) -> None:
        outcome = jira.said("@agent fix it", author={"accountId": "712020:x", "accountType": kind})
        assert isinstance(outcome, Ignored)
        assert outcome.reason is (reason or Reason.NOT_ALLOWED)

    def test_an_app_is_seen_as_one(self) -> None:
        outcome = jira.said("@agent fix it", author={"accountId": "712020:x", "accountType": "app"})
        assert outcome.facts.actor == Actor("712020:x", "712020:x", ActorKind.APP)

    @pytest.mark.parametrize("author", [None, {}, {"displayName": "Former user"}])
    def test_nobody_may_not_ask(self, author: dict | None) -> None:
        outcome = jira.said("@agent fix it", author=author)
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.NOT_ALLOWED

    def test_data_center_admits_nobody_by_default(self) -> None:
        outcome = jira.interpret(jira.fixture("issue_updated__commented_data_center"))
        assert isinstance(outcome, Ignored)
        assert (outcome.reason, outcome.detail) == (Reason.NOT_ALLOWED, "mentions")

    @pytest.mark.parametrize("listed", ["kim", "JIRAUSER10100"])
    def test_a_rule_admits_people_of_data_center_by_key_or_user_name(self, listed: str) -> None:
        rule = Rule(name="r", allow=Allow(users=frozenset({listed})))
        outcome = jira.interpret(jira.fixture("issue_updated__commented_data_center"), None, rule)
        assert isinstance(outcome, TaskRequested)
        assert outcome.facts.actor == Actor("JIRAUSER10100", "Kim Example", ActorKind.UNKNOWN)

    def test_a_rule_admits_people_of_cloud_by_account_id(self) -> None:
        rule = Rule(name="r", allow=Allow(users=frozenset({MIA})))
        assert isinstance(jira.read(jira.fixture_json("comment_created__mention"), rule), TaskRequested)

    @pytest.mark.parametrize("name", ["comment_created__mention", "issue_updated__commented_data_center"])
    def test_a_display_name_admits_nobody(self, name: str) -> None:
        rule = Rule(name="r", allow=Allow(users=frozenset({"the-boss"})))
        payload = jira.fixture_json(name)
        payload["comment"]["author"]["displayName"] = "the-boss"
        outcome = jira.read(payload, rule)
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.NOT_ALLOWED
        assert outcome.facts.actor is not None
        assert outcome.facts.actor.name == "the-boss"

    def test_a_user_name_on_cloud_admits_nobody(self) -> None:
        rule = Rule(name="r", allow=Allow(users=frozenset({"mia"})))
        payload = jira.fixture_json("comment_created__mention")
        payload["comment"]["author"]["name"] = "mia"
        assert isinstance(jira.read(payload, rule), Ignored)

    def test_a_user_marked_active_by_a_text_is_read(self) -> None:
        outcome = jira.said(
            "@agent fix it", author={"accountId": MIA, "accountType": "atlassian", "active": "true"}
        )
        assert isinstance(outcome, TaskRequested)


class TestLoops:
    @pytest.mark.parametrize("ours", [{"accountId": "bot"}, {"key": "bot"}, {"name": "Bot"}])
    @pytest.mark.parametrize("words", ["@agent fix it", "done"])
    def test_our_own_words_are_ignored(self, ours: dict, words: str) -> None:
        payload = jira.fixture_json("comment_created__mention")
        payload["comment"] |= {"body": words, "author": {"accountType": "atlassian", **ours}}
        outcome = jira.read(payload, bot_names=frozenset({"boT"}))
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.OWN_WORDS

    def test_our_own_words_stay_ours_when_a_person_edits_them(self) -> None:
        payload = jira.fixture_json("comment_updated__mention")
        payload["comment"]["author"] = {"accountId": "bot", "accountType": "app"}
        outcome = jira.read(payload, bot_names=frozenset({"bot"}))
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.OWN_WORDS

    def test_an_apps_words_stay_its_own_when_a_person_edits_them(self) -> None:
        outcome = jira.said("@agent fix", "comment_updated__mention", author={"accountType": "app"})
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.BOT

    @pytest.mark.parametrize(
        "name", ["comment_deleted__mention", "issue_deleted__cloud", "issue_created__mention"]
    )
    def test_what_we_do_ourselves_is_ignored(self, name: str) -> None:
        outcome = jira.read(jira.fixture_json(name), bot_names=frozenset({MIA}))
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.OWN_WORDS

    def test_being_assigned_to_us_does_not_silence_people(self) -> None:
        payload = jira.fixture_json("comment_created__mention")
        payload["issue"]["fields"]["assignee"] = {"accountId": "bot"}
        assert isinstance(jira.read(payload, bot_names=frozenset({"bot"})), TaskRequested)
