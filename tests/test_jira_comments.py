"""Comments of Jira: commands, edits, deletions, controls, and the keys that join twins."""

import pytest

from hookline.domain.command import Option, Verb
from hookline.domain.errors import MalformedPayloadError
from hookline.domain.outcome import (
    Actor,
    ActorKind,
    ControlRequested,
    ConversationControl,
    Ignored,
    Reason,
    TaskRequested,
    Trigger,
    Withdraw,
    Withdrawal,
)
from hookline.webhooks.jira_handler import IDENTIFIER_HEADER
from jira_deliveries import FOR_KIM, MIA, jira


class TestComments:
    def test_a_mention_becomes_a_task(self) -> None:
        outcome = jira.interpret(*jira.mention())
        assert isinstance(outcome, TaskRequested)
        assert outcome.trigger is Trigger.MENTION
        assert outcome.command.verb is Verb.FIX
        assert outcome.command.text == "the login test"
        assert outcome.command.options == {Option.MODEL: "opus"}
        assert not outcome.revises
        assert outcome.open_key is None

    def test_its_facts_tell_everything_the_payload_tells(self) -> None:
        facts = jira.interpret(*jira.mention()).facts
        assert (facts.event, facts.action, facts.external_id) == ("comment_created", "", "wh-1")
        assert facts.lane == "jira:SHOP"
        assert facts.conversation == "jira:SHOP-7"
        assert facts.origin == "jira:10042:comment/10010"
        assert facts.actor == Actor(MIA, "Mia Example", ActorKind.PERSON)
        assert facts.url == "https://jira.example.com/browse/SHOP-7?focusedCommentId=10010"
        assert facts.title == "Login test fails on Mondays"

    def test_a_move_of_the_issue_leaves_the_origin_of_what_is_written_there(self) -> None:
        body, headers = jira.mention()
        moved = jira.from_json(body)
        moved["issue"]["key"] = "OPS-3"
        here, there = jira.interpret(body, headers), jira.interpret(jira.as_json(moved), headers)
        assert there.facts.conversation == "jira:OPS-3"
        assert there.facts.origin == here.facts.origin

    def test_a_comment_without_a_mention_is_ignored_with_its_facts(self) -> None:
        outcome = jira.said("looks good to me")
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.NO_COMMAND
        assert outcome.facts.origin == "jira:10042:comment/10010"
        assert outcome.facts.actor is not None

    def test_an_edit_with_a_command_revises(self) -> None:
        outcome = jira.interpret(jira.fixture("comment_updated__mention"))
        assert isinstance(outcome, TaskRequested)
        assert outcome.revises
        assert outcome.command.text == "the logout test"
        assert outcome.facts.origin == "jira:10042:comment/10010"

    @pytest.mark.parametrize("name", ["comment_updated__mention", "issue_updated__comment_edited"])
    def test_an_edit_without_a_command_withdraws(self, name: str) -> None:
        outcome = jira.said("never mind", name)
        assert isinstance(outcome, ControlRequested)
        assert outcome.control == Withdraw("jira:10042:comment/10010", Withdrawal.COMMAND_REMOVED)

    def test_the_editor_is_the_one_who_asks(self) -> None:
        editor = {"accountId": "712020:customer", "accountType": "customer", "displayName": "Cleo"}
        outcome = jira.said("@agent fix it", "comment_updated__mention", updateAuthor=editor)
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.NOT_ALLOWED
        assert outcome.facts.actor == Actor("712020:customer", "Cleo", ActorKind.PERSON)

    def test_a_deletion_withdraws(self) -> None:
        outcome = jira.interpret(jira.fixture("comment_deleted__mention"))
        assert isinstance(outcome, ControlRequested)
        assert outcome.control == Withdraw("jira:10042:comment/10010", Withdrawal.DELETED)
        assert outcome.control.name == "withdraw"

    def test_who_deleted_is_told_where_the_payload_tells(self) -> None:
        payload = jira.fixture_json("comment_deleted__mention")
        payload["user"] = {"accountId": "712020:x", "accountType": "atlassian", "displayName": "Alex"}
        assert jira.read(payload).facts.actor == Actor("712020:x", "Alex", ActorKind.PERSON)

    def test_a_deletion_that_names_no_comment_is_ignored(self) -> None:
        outcome = jira.interpret(jira.fixture("issue_updated__comment_deleted"))
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.ACTION_NOT_USED
        assert outcome.facts.conversation == "jira:OPS-12"

    @pytest.mark.parametrize("name", ["comment_created__data_center", "comment_deleted__data_center"])
    def test_a_comment_event_without_an_issue_has_no_conversation(self, name: str) -> None:
        outcome = jira.interpret(jira.fixture(name), None, FOR_KIM)
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.NO_CONVERSATION
        assert outcome.facts.actor == Actor("JIRAUSER10100", "Kim Example", ActorKind.UNKNOWN)

    @pytest.mark.parametrize("issue", [None, {}, {"id": "1"}, {"id": 1, "key": None, "fields": None}])
    def test_an_issue_without_a_key_has_no_conversation(self, issue: dict | None) -> None:
        outcome = jira.read(jira.fixture_json("comment_created__mention") | {"issue": issue})
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.NO_CONVERSATION

    def test_an_issue_without_fields_takes_its_project_from_its_key(self) -> None:
        payload = jira.fixture_json("comment_created__mention")
        payload["issue"] = {"key": "A_B2-7"}
        outcome = jira.read(payload)
        assert isinstance(outcome, TaskRequested)
        assert (outcome.facts.lane, outcome.facts.conversation) == ("jira:A_B2", "jira:A_B2-7")
        assert (outcome.facts.url, outcome.facts.title) == (None, "")

    @pytest.mark.parametrize("key", ["", "A", "A-", "-1", "A-1/../x", "A B-1", "A-1\n", "a:b-1", 7, ["A-1"]])
    def test_an_issue_key_of_another_shape_is_malformed(self, key: object) -> None:
        payload = jira.fixture_json("comment_created__mention")
        payload["issue"]["key"] = key
        with pytest.raises(MalformedPayloadError, match=r"issue\.key"):
            jira.read(payload)

    def test_a_comment_event_without_its_comment_is_malformed(self) -> None:
        with pytest.raises(MalformedPayloadError, match="comment"):
            jira.read({"webhookEvent": "comment_created"})

    def test_a_comment_without_a_text_is_no_command(self) -> None:
        outcome = jira.said(None)
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.NO_COMMAND

    @pytest.mark.parametrize(
        ("self_url", "url"),
        [
            ("https://j.example.com/ctx/rest/api/2/issue/1", "https://j.example.com/ctx/browse/SHOP-7"),
            ("http://j.example.com:8080/rest/api/2/1", "http://j.example.com:8080/browse/SHOP-7"),
            ("https://api.atlassian.com/ex/jira/1/rest/api/2/issue/1", None),
            ("javascript:alert(1)/rest/", None),
            ("https://a@b.example.com/rest/api/2/1", None),
            (None, None),
        ],
    )
    def test_the_page_is_derived_from_the_rest_address(self, self_url: str | None, url: str | None) -> None:
        payload = jira.fixture_json("comment_created__mention")
        payload["issue"]["self"] = self_url
        assert jira.read(payload).facts.url == (url and f"{url}?focusedCommentId=10010")


class TestControls:
    @pytest.mark.parametrize("verb", [Verb.STATUS, Verb.HELP, Verb.CANCEL, Verb.RETRY, Verb.APPROVE])
    def test_a_control_verb_speaks_of_the_conversation(self, verb: Verb) -> None:
        outcome = jira.said(f"@agent {verb.value} please")
        assert isinstance(outcome, ControlRequested)
        assert outcome.control == ConversationControl(verb, "jira:SHOP-7", "please")
        assert outcome.rule == "mentions"
        assert outcome.keys

    def test_a_control_needs_the_same_right_as_a_task(self) -> None:
        outcome = jira.said("@agent cancel", author={"accountId": "x", "accountType": "customer"})
        assert isinstance(outcome, Ignored)
        assert (outcome.reason, outcome.detail) == (Reason.NOT_ALLOWED, "mentions")


class TestKeys:
    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ("comment_created__mention", "issue_updated__commented"),
            ("comment_updated__mention", "issue_updated__comment_edited"),
        ],
    )
    def test_twins_share_their_subject_and_nothing_else(self, first: str, second: str) -> None:
        one = jira.interpret(jira.fixture(first), {IDENTIFIER_HEADER: "wh-1"})
        two = jira.interpret(jira.fixture(second), {IDENTIFIER_HEADER: "wh-2"})
        assert isinstance(one, TaskRequested)
        assert isinstance(two, TaskRequested)
        shared = set(one.keys) & set(two.keys)
        assert len(shared) == 1
        assert shared.pop().startswith("jira:subject:comment/10010")
        assert (one.facts.origin, one.facts.conversation) == (two.facts.origin, two.facts.conversation)
        assert (one.command, one.revises) == (two.command, two.revises)

    def test_twins_may_write_the_time_in_different_zones(self) -> None:
        one = jira.edited("@agent fix it", updated="2026-03-01T12:58:00.000+0100")
        two = jira.edited("@agent fix it", updated="2026-03-01T11:58:00.000+0000")
        assert isinstance(one, TaskRequested)
        assert isinstance(two, TaskRequested)
        assert one.keys[-1] == two.keys[-1]

    def test_an_edit_is_another_version_of_the_same_origin(self) -> None:
        written = jira.interpret(jira.fixture("comment_created__mention"))
        edited = jira.interpret(jira.fixture("comment_updated__mention"))
        assert isinstance(written, TaskRequested)
        assert isinstance(edited, TaskRequested)
        assert not set(written.keys) & set(edited.keys)
        assert edited.revises == written.keys[-1]
        assert written.facts.origin == edited.facts.origin

    @pytest.mark.parametrize("updated", [None, "some day", "2026-03-01T12:58:00", 1772366280000])
    def test_any_time_makes_a_version(self, updated: object) -> None:
        outcome = jira.edited("@agent fix it", updated=updated)
        assert isinstance(outcome, TaskRequested)
        assert outcome.keys[-1].startswith("jira:subject:comment/10010/")

    def test_without_a_time_the_text_is_the_version(self) -> None:
        one, same = (jira.edited("@agent fix it", updated=None, created=at) for at in ("a", "b"))
        other = jira.edited("@agent fix that", updated=None)
        assert isinstance(one, TaskRequested)
        assert isinstance(same, TaskRequested)
        assert isinstance(other, TaskRequested)
        assert one.keys[-1] == same.keys[-1] != other.keys[-1]

    def test_the_unsigned_identifier_never_stands_alone(self) -> None:
        body, headers = jira.mention()
        outcome = jira.interpret(body, headers)
        assert isinstance(outcome, TaskRequested)
        assert outcome.keys[0] == "jira:delivery:wh-1"
        assert outcome.keys[1].startswith("jira:body:")
        other = jira.interpret(body, {IDENTIFIER_HEADER: "forged"})
        assert isinstance(other, TaskRequested)
        assert outcome.keys[1:] == other.keys[1:]

    def test_data_center_sends_no_identifier(self) -> None:
        outcome = jira.interpret(jira.fixture("issue_updated__commented_data_center"), None, FOR_KIM)
        assert isinstance(outcome, TaskRequested)
        assert outcome.facts.external_id is None
        assert outcome.keys[0].startswith("jira:body:")
        assert len(outcome.keys) == 2

    def test_a_huge_identifier_is_bounded(self) -> None:
        outcome = jira.interpret(jira.mention()[0], {IDENTIFIER_HEADER: "x" * 10_000})
        assert isinstance(outcome, TaskRequested)
        assert max(map(len, outcome.keys)) <= 255
        assert len(outcome.facts.external_id or "") <= 255
