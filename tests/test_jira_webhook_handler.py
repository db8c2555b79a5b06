"""The Jira handler: the contract, signatures, events and hostile payloads."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.handler_contract import NOW, SECRET, hex_hmac
from hookline.domain.delivery import Accepted, Delivery, RequestHead
from hookline.domain.errors import MalformedPayloadError, SignatureRejectedError
from hookline.domain.ids import DeliveryId, TaskId
from hookline.domain.outcome import (
    ControlRequested,
    Ignored,
    Reason,
    TaskRequested,
)
from hookline.webhooks.jira.event_names import UNUSED_EVENTS
from hookline.webhooks.jira_handler import EVENTS
from jira_deliveries import MIA, JiraSuite, jira


class TestJiraHandler(JiraSuite):
    """The contract that every handler keeps."""


class TestSignature:
    def test_the_documented_vector_is_accepted(self) -> None:
        digest = "a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
        head = RequestHead({"x-hub-signature": f"sha256={digest}"}, NOW, "203.0.113.7")
        jira.handler().verify(Delivery(DeliveryId("d1"), head, b"Hello World!"))

    @pytest.mark.parametrize("method", ["sha1", "md5", "sha512", "none", "", "sha256 or so"])
    def test_another_method_is_not_accepted_even_with_the_right_digest(self, method: str) -> None:
        body, _ = jira.mention()
        header = {"x-hub-signature": f"{method}={hex_hmac(SECRET, body)}"}
        with pytest.raises(SignatureRejectedError, match="method not accepted") as caught:
            jira.handler().verify(jira.delivery(body, header))
        assert not method or f" {method}" not in str(caught.value)

    def test_a_digest_without_a_method_is_malformed(self) -> None:
        body, _ = jira.mention()
        with pytest.raises(SignatureRejectedError, match="malformed"):
            jira.handler().verify(jira.delivery(body, {"x-hub-signature": hex_hmac(SECRET, body)}))

    def test_method_and_digest_are_read_in_any_case(self) -> None:
        body, _ = jira.mention()
        header = {"x-hub-signature": f"SHA256={hex_hmac(SECRET, body).upper()}"}
        jira.handler().verify(jira.delivery(body, header))

    def test_an_old_delivery_is_still_accepted_since_jira_signs_no_time(self) -> None:
        delivery = jira.delivery(*jira.mention())
        late = replace(delivery.head, received_at=NOW + timedelta(days=30))
        jira.handler().verify(replace(delivery, head=late))

    def test_the_standard_answer_is_given(self) -> None:
        outcome = jira.interpret(*jira.mention())
        answer = jira.handler().acknowledge(outcome.facts, Accepted(TaskId("t1")))
        assert (answer.code, answer.body) == (202, b'{"status":"accepted","task_id":"t1"}')

    def test_the_body_is_stored_as_it_came(self) -> None:
        body, headers = jira.mention()
        assert jira.handler().redact(body, headers) is body


class TestEvents:
    @pytest.mark.parametrize("event", sorted(UNUSED_EVENTS))
    def test_known_events_that_are_not_used_are_named_so(self, event: str) -> None:
        outcome = jira.read({"webhookEvent": event, "user": {"accountId": MIA}})
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.EVENT_NOT_USED
        assert outcome.facts.event == event
        assert outcome.facts.actor is not None

    def test_a_sprint_is_not_used(self) -> None:
        outcome = jira.interpret(jira.fixture("sprint_started__board"))
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.EVENT_NOT_USED

    def test_an_unknown_event_is_told_apart(self) -> None:
        outcome = jira.interpret(*jira.unknown_event())
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.EVENT_UNKNOWN
        assert outcome.facts.event == "jira:coffee_brewed"

    def test_no_event_is_both_used_and_unused(self) -> None:
        assert not EVENTS.keys() & UNUSED_EVENTS

    def test_a_huge_event_name_is_shortened(self) -> None:
        assert len(jira.read({"webhookEvent": "x" * 10_000}).facts.event) <= 255


class TestHostilePayloads:
    @pytest.mark.parametrize(
        ("path", "value"),
        [
            (("webhookEvent",), None),
            (("webhookEvent",), 7),
            (("issue",), "SHOP-7"),
            (("issue", "fields"), []),
            (("issue", "fields", "summary"), {"secret": "hunter2"}),
            (("issue", "fields", "project"), "hunter2"),
            (("comment",), "hunter2"),
            (("comment", "id"), None),
            (("comment", "id"), True),
            (("comment", "author"), "hunter2"),
            (("comment", "author", "accountType"), ["hunter2"]),
            (("comment", "body"), 5),
            (("comment", "body"), {"type": "doc", "content": "hunter2"}),
            (("comment", "updated"), {"hunter2": 1}),
        ],
    )
    def test_a_wrong_type_is_malformed_naming_the_field_only(
        self, path: tuple[str, ...], value: object
    ) -> None:
        payload = jira.fixture_json("comment_created__mention")
        at = payload
        for part in path[:-1]:
            at = at[part]
        at[path[-1]] = value
        with pytest.raises(MalformedPayloadError) as caught:
            jira.read(payload)
        assert str(caught.value).startswith(f"jira: {'.'.join(path)}")
        assert "hunter2" not in str(caught.value)

    def test_null_everywhere_is_fine(self) -> None:
        nothing = dict.fromkeys(("user", "issue", "changelog", "timestamp", "issue_event_type_name"))
        for event in EVENTS:
            outcome = jira.read({"webhookEvent": event, **nothing, "comment": {"id": 1, "author": None}})
            assert isinstance(outcome, Ignored)

    def test_numbers_serve_as_ids(self) -> None:
        payload = jira.fixture_json("comment_created__mention")
        payload["comment"]["id"] = 10010
        payload["issue"]["id"] = 10042
        assert jira.read(payload).facts.origin == "jira:10042:comment/10010"

    def test_oddities_of_the_documented_example_are_read(self) -> None:
        payload = jira.fixture_json("issue_created__mention")
        payload["issue"]["fields"]["priority"] = "Minor"
        payload["user"]["active"] = "true"
        del payload["issue"]["fields"]["project"]
        outcome = jira.read(payload)
        assert isinstance(outcome, TaskRequested)
        assert outcome.facts.lane == "jira:SHOP"

    def test_nul_and_lone_surrogates_are_cleaned(self) -> None:
        payload = jira.fixture_json("comment_created__mention")
        payload["comment"]["body"] = "@agent fix \x00 and \ud800 it"
        payload["issue"]["fields"] |= {"summary": "a\x00b\udfff", "unused": "\ud83d"}
        outcome = jira.read(payload)
        assert isinstance(outcome, TaskRequested)
        assert outcome.command.text == "\ufffd and \ufffd it"
        assert outcome.facts.title == "a\ufffdb\ufffd"

    def test_deep_nesting_is_refused_wherever_it_is(self) -> None:
        deep = b"[" * 100_000 + b"]" * 100_000
        body = b'{"webhookEvent":"comment_created","unused":%s}' % deep
        with pytest.raises(MalformedPayloadError, match="nested too deeply"):
            jira.handler().interpret(jira.delivery(body))

    def test_names_and_titles_are_bounded_lines(self) -> None:
        payload = jira.fixture_json("comment_created__mention")
        payload["issue"]["fields"]["summary"] = "one\n two " * 10_000
        payload["comment"]["author"]["displayName"] = "Mia\n" * 10_000
        facts = jira.read(payload).facts
        assert facts.title.startswith("one two one")
        assert len(facts.title) <= 300
        assert facts.actor is not None
        assert len(facts.actor.name) <= 255

    @given(body=st.text(max_size=200))
    def test_any_text_has_an_answer(self, body: str) -> None:
        assert isinstance(jira.said(body), TaskRequested | ControlRequested | Ignored)
