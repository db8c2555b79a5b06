"""Slack: who is believed, the handshakes, and what Slack is answered."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.handler_contract import NOW, SECRET
from hookline.domain.delivery import Accepted, Applied, Duplicate, Passed, Replied
from hookline.domain.errors import MalformedPayloadError, SignatureRejectedError
from hookline.domain.ids import TaskId
from hookline.domain.outcome import Facts, Ignored, Reason, Reply, TaskRequested
from hookline.webhooks.slack.event_types import UNUSED_EVENTS, UNUSED_INTERACTIONS, UNUSED_SUBTYPES
from slack_case import TASK, SlackCase

FORM_FACTS = Facts(event="slash_command", interactive=True)
QUEUED = TaskId(TASK)
DOCUMENTED_SECRET = b"8f742231b10e8888abcd99yyyzzz85a5"


class TestSlackHandler(SlackCase):
    def test_the_documented_example_verifies(self) -> None:
        body = (
            b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
            b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
            b"&command=%2Fwebhook-collect&text="
            b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
            b"%2F96rGlfmibIGlgcZRskXaIFfN"
            b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
        )
        signed_at = NOW.fromtimestamp(1531420618, NOW.tzinfo)
        given = self.delivery(
            body,
            {
                "x-slack-request-timestamp": "1531420618",
                "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
            },
        )
        handler = self.handler(secrets=(DOCUMENTED_SECRET,))
        handler.verify(replace(given, head=replace(given.head, received_at=signed_at)))

    @pytest.mark.parametrize("seconds", [-300, -1, 0, 300])
    def test_five_minutes_either_way_are_fresh(self, seconds: int) -> None:
        given = self.delivery(*self.mention())
        head = replace(given.head, received_at=NOW + timedelta(seconds=seconds))
        self.handler().verify(replace(given, head=head))

    @pytest.mark.parametrize("seconds", [-301, 301, 86_400])
    def test_an_older_or_newer_timestamp_is_stale_before_the_body(self, seconds: int) -> None:
        given = self.delivery(*self.mention())
        with pytest.raises(SignatureRejectedError, match="stale"):
            self.handler().signature(replace(given.head, received_at=NOW + timedelta(seconds=seconds)))

    @pytest.mark.parametrize(
        "bad",
        [
            "",
            "soon",
            "-5",
            "1.5",
            "\uff11\uff17\uff17\uff12\uff13\uff16\uff16\uff14\uff10\uff10",
            "9" * 400,
            "1772366400\n",
        ],
    )
    def test_a_timestamp_that_is_no_number_is_rejected(self, bad: str) -> None:
        body, headers = self.mention()
        given = self.delivery(body, {**headers, "x-slack-request-timestamp": bad})
        with pytest.raises(SignatureRejectedError, match="timestamp"):
            self.handler().signature(given.head)

    def test_a_missing_timestamp_is_rejected(self) -> None:
        given = self.delivery(*self.mention())
        bare = {k: v for k, v in given.headers.items() if k != "x-slack-request-timestamp"}
        with pytest.raises(SignatureRejectedError, match="timestamp header missing"):
            self.handler().signature(replace(given.head, headers=bare))

    def test_the_timestamp_is_part_of_what_is_signed(self) -> None:
        body, headers = self.mention()
        later = str(int(NOW.timestamp()) + 1)
        with pytest.raises(SignatureRejectedError, match="match"):
            self.handler().verify(self.delivery(body, {**headers, "x-slack-request-timestamp": later}))

    def test_a_signature_without_its_version_is_rejected(self) -> None:
        body, headers = self.mention()
        digest = self.sign(body, SECRET)["x-slack-signature"].removeprefix("v0=")
        with pytest.raises(SignatureRejectedError, match="malformed"):
            self.handler().signature(self.delivery(body, {**headers, "x-slack-signature": digest}).head)

    def test_an_old_delivery_can_still_be_interpreted(self) -> None:
        given = self.delivery(*self.mention())
        head = replace(given.head, received_at=NOW + timedelta(days=400))
        assert isinstance(self.handler().interpret(replace(given, head=head)), TaskRequested)

    def test_what_is_kept_suffices_to_interpret_again(self) -> None:
        handler = self.handler()
        for body in (self.fixture("app_mention__in_channel"), self.fixture("slash_command__fix")):
            given = self.delivery(body)
            kept = {k: v for k, v in given.headers.items() if k in handler.kept_headers}
            again = replace(given, head=replace(given.head, headers=kept))
            assert handler.interpret(again) == handler.interpret(given)

    def test_url_verification_echoes_the_challenge(self) -> None:
        outcome = self.on("url_verification__handshake")
        assert isinstance(outcome, Reply)
        assert json.loads(outcome.body) == {"challenge": "a-challenge-to-echo"}
        assert outcome.content_type == "application/json"
        assert outcome.facts.event == "url_verification"

    def test_url_verification_without_a_challenge_is_malformed(self) -> None:
        with pytest.raises(MalformedPayloadError, match="challenge: Field required"):
            self.interpret(b'{"type":"url_verification"}')

    def test_ssl_check_is_answered_with_nothing(self) -> None:
        outcome = self.on("ssl_check__probe")
        assert isinstance(outcome, Reply)
        assert (outcome.body, outcome.content_type) == (b"", "text/plain")
        answer = self.handler().acknowledge(outcome.facts, Replied(outcome.body, outcome.content_type))
        assert (answer.code, answer.body, answer.content_type) == (200, b"", "text/plain")

    def test_a_rate_limit_notice_is_not_used(self) -> None:
        outcome = self.on("app_rate_limited__notice")
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.EVENT_NOT_USED

    def test_an_envelope_nobody_has_heard_of_is_unknown(self) -> None:
        outcome = self.interpret(self.envelope("app_mention__in_channel", type="carrier_pigeon"))
        assert isinstance(outcome, Ignored)
        assert (outcome.reason, outcome.facts.event) == (Reason.EVENT_UNKNOWN, "carrier_pigeon")

    def test_lists_of_what_is_not_used_name_nothing_that_is(self) -> None:
        assert not UNUSED_EVENTS & {"message", "app_mention"}
        assert not UNUSED_SUBTYPES & {"file_share", "thread_broadcast", "message_changed", "message_deleted"}
        assert not UNUSED_INTERACTIONS & {"block_actions", "message_action", "shortcut"}

    def test_events_get_the_usual_answer(self) -> None:
        answer = self.handler().acknowledge(Facts(event="app_mention"), Accepted(QUEUED))
        assert (answer.code, json.loads(answer.body)["task_id"]) == (202, TASK)

    @pytest.mark.parametrize(
        ("verdict", "words"),
        [
            (Accepted(QUEUED), f"Task {TASK} is queued."),
            (Duplicate(QUEUED), f"This was already asked: task {TASK}."),
            (Duplicate(None), "This was already asked."),
            (Applied("cancel", QUEUED), f"Done: cancel, task {TASK}."),
            (Applied("help", None), "Done: help."),
            (Passed("not_allowed"), "Nothing was done: you may not ask for this here."),
            (Passed("a_later_reason"), "Nothing was done: a_later_reason"),
        ],
    )
    def test_people_are_answered_in_words_that_only_they_see(
        self, verdict: Accepted | Duplicate | Applied | Passed, words: str
    ) -> None:
        answer = self.handler().acknowledge(FORM_FACTS, verdict)
        assert (answer.code, answer.content_type) == (200, "application/json")
        assert json.loads(answer.body) == {"response_type": "ephemeral", "text": words}

    @pytest.mark.parametrize("reason", [*Reason])
    def test_every_reason_has_its_words(self, reason: Reason) -> None:
        answer = self.handler().acknowledge(FORM_FACTS, Passed(reason.value))
        text = json.loads(answer.body)["text"]
        assert " " in text.removeprefix("Nothing was done: ")
        assert reason.value not in text.removeprefix("Nothing was done: ").split()

    @pytest.mark.parametrize("event", ["view_submission", "block_suggestion", "interactive_message"])
    def test_no_words_where_slack_would_take_them_for_something_else(self, event: str) -> None:
        facts = Facts(event=event, interactive=True)
        answer = self.handler().acknowledge(facts, Passed("event_not_used"))
        assert (answer.code, answer.body) == (200, b"")
