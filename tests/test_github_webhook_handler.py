import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256

import pytest
from pydantic import JsonValue

from contracts.handler_contract import FIXTURES, NOW, SECRET, HandlerContract, hex_hmac
from github_deliveries import SENT, changed, delivery, expect, handler, interpret, load, task
from hookline.domain.delivery import Accepted, Delivery
from hookline.domain.errors import MalformedPayloadError, SignatureRejectedError
from hookline.domain.ids import TaskId
from hookline.domain.outcome import ActorKind, Ignored, Reason, Reply, TaskRequested
from hookline.domain.policy import Policy
from hookline.domain.source import Source
from hookline.domain.text import NAME_LIMIT, TEXT_LIMIT, TITLE_LIMIT
from hookline.domain.webhook import WebhookHandler
from hookline.webhooks.github.known_events import EVENTS_NOT_USED
from hookline.webhooks.github_handler import EVENTS, GithubHandler


class TestGithubHandler(HandlerContract):
    provider = "github"

    def build(self, source: Source, policy: Policy) -> WebhookHandler:
        return GithubHandler(source, policy, lambda: NOW)

    def sign(self, body: bytes, secret: bytes) -> dict[str, str]:
        return {"x-hub-signature-256": f"sha256={hex_hmac(secret, body)}"}

    def mention(self) -> tuple[bytes, Mapping[str, str]]:
        return self.fixture("issue_comment__mention"), self._event("issue_comment")

    def unknown_event(self) -> tuple[bytes, Mapping[str, str]]:
        return b'{"action":"created","sender":null}', self._event("telepathy")

    @property
    def signature_header(self) -> str:
        return "x-hub-signature-256"

    def _event(self, name: str) -> dict[str, str]:
        return {"x-github-event": name, "x-github-delivery": SENT}

    @pytest.mark.parametrize("scheme", ["", "sha1=", "SHA256=", "sha256 "])
    def test_only_the_documented_scheme_counts(self, scheme: str) -> None:
        body, headers = self.mention()
        signed = self.delivery(body, {**headers, self.signature_header: scheme + hex_hmac(SECRET, body)})
        with pytest.raises(SignatureRejectedError):
            self.handler().verify(signed)


def test_the_documented_vector_verifies() -> None:
    digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    signed = delivery("ping", b"Hello, World!", {"x-hub-signature-256": f"sha256={digest}"})
    handler().verify(signed)


def test_used_and_unused_events_do_not_overlap() -> None:
    assert EVENTS_NOT_USED.isdisjoint(EVENTS)
    assert "installation" in EVENTS_NOT_USED
    assert "installation_repositories" in EVENTS_NOT_USED


def test_an_unused_event_is_recorded_with_what_it_tells() -> None:
    ignored = expect(Ignored, interpret("installation__created"))
    assert ignored.reason is Reason.EVENT_NOT_USED
    assert (ignored.facts.event, ignored.facts.action, ignored.facts.external_id) == (
        "installation",
        "created",
        SENT,
    )
    assert ignored.facts.actor is not None
    assert (ignored.facts.actor.id, ignored.facts.actor.name) == ("1001", "ada-octo")
    assert ignored.facts.lane is None


def test_an_unknown_event_is_told_apart() -> None:
    outcome = handler().interpret(delivery("telepathy", json.dumps(load("issues__closed")).encode()))
    ignored = expect(Ignored, outcome)
    assert (ignored.reason, ignored.detail) == (Reason.EVENT_UNKNOWN, "telepathy")
    assert ignored.facts.lane == "github:octo/app"


@pytest.mark.parametrize("fixture", ["ping__repository_hook", "ping__organization_hook"])
def test_a_ping_is_answered(fixture: str) -> None:
    reply = expect(Reply, interpret(fixture))
    assert json.loads(reply.body) == {"status": "pong"}
    assert reply.facts.event == "ping"


@pytest.mark.parametrize("name", [None, "", "  "])
def test_without_an_event_name_a_delivery_is_malformed(name: str | None) -> None:
    sent = delivery("ping", b"{}")
    headers = {key: value for key, value in sent.headers.items() if key != "x-github-event"}
    if name is not None:
        headers["x-github-event"] = name
    sent = replace(sent, head=replace(sent.head, headers=headers))
    with pytest.raises(MalformedPayloadError, match="X-GitHub-Event: header missing"):
        handler().interpret(sent)


def _as_form(body: bytes) -> Delivery:
    return delivery(
        "issue_comment", body, {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    )


def test_a_form_is_signed_as_sent_and_read_from_its_payload() -> None:
    sent = _as_form((FIXTURES / "github" / "issue_comment__mention_as_form.form").read_bytes())
    handler().verify(sent)
    asked = expect(TaskRequested, handler().interpret(sent))
    assert asked.command.text == "“the login” & 100% of + signs"


def test_the_content_type_decides_how_a_body_is_read() -> None:
    with pytest.raises(MalformedPayloadError, match="payload: Field required"):
        handler().interpret(_as_form(b'{"action":"created"}'))
    with pytest.raises(MalformedPayloadError, match="not valid JSON"):
        handler().interpret(delivery("issue_comment", b"payload=%7B%7D"))


@pytest.mark.parametrize("body", [b"payload=%FF", b"payload=%7B", b"\xff", b"&".join([b"a=1"] * 300), b""])
def test_a_malformed_form_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedPayloadError):
        handler().interpret(_as_form(body))


def test_the_keys_name_delivery_body_and_subject() -> None:
    body = json.dumps(load("issue_comment__mention")).encode()
    asked = expect(TaskRequested, handler().interpret(delivery("issue_comment", body)))
    assert asked.keys == (
        f"github:delivery:{SENT}",
        f"github:body:{sha256(body).hexdigest()}",
        "github:subject:octo/app:comment/17",
    )


def test_a_replay_under_another_delivery_id_meets_the_body_key() -> None:
    body = json.dumps(load("issue_comment__mention")).encode()
    first = expect(TaskRequested, handler().interpret(delivery("issue_comment", body)))
    replayed = delivery("issue_comment", body, {"x-github-delivery": "another"})
    second = expect(TaskRequested, handler().interpret(replayed))
    assert set(first.keys) - set(second.keys) == {f"github:delivery:{SENT}"}


def test_an_app_and_a_repository_hook_share_a_subject_but_no_body() -> None:
    first = task("issue_comment__mention").keys
    second = task("issue_comment__mention_app_delivery").keys
    assert first[1] != second[1]
    assert first[2] == second[2]


def test_without_a_delivery_id_body_and_subject_are_claimed() -> None:
    body = json.dumps(load("issue_comment__mention")).encode()
    sent = delivery("issue_comment", body, {"x-github-delivery": ""})
    asked = expect(TaskRequested, handler().interpret(sent))
    assert asked.facts.external_id is None
    assert [key.split(":")[1] for key in asked.keys] == ["body", "subject"]


def test_an_answer_is_the_standard_one() -> None:
    facts = task("issue_comment__mention").facts
    answer = handler().acknowledge(facts, Accepted(TaskId("t1")))
    assert (answer.code, json.loads(answer.body)) == (202, {"status": "accepted", "task_id": "t1"})


WRONG = [
    ("issue_comment__mention", ("comment",), None, "comment: "),
    ("issue_comment__mention", ("comment", "id"), None, "comment.id: "),
    ("issue_comment__mention", ("comment", "id"), True, "comment.id: "),
    ("issue_comment__mention", ("comment", "body"), 5, "comment.body: "),
    ("issue_comment__mention", ("comment", "user"), "ada", "comment.user: "),
    ("issue_comment__mention", ("issue", "number"), "secret", "issue.number: "),
    ("issue_comment__mention", ("issue", "number"), -1, "issue.number: "),
    ("issue_comment__mention", ("issue", "number"), 10**400, "issue.number: "),
    ("issue_comment__mention", ("repository",), None, "repository: "),
    ("issue_comment__mention", ("repository", "full_name"), "../../etc", "repository.full_name: "),
    ("issue_comment__mention", ("repository", "full_name"), "octo/app\n", "repository.full_name: "),
    ("issue_comment__mention", ("action",), ["created"], "action: "),
    ("pull_request__opened_with_mention", ("pull_request", "base"), None, "pull_request.base: "),
    ("push__branch", ("ref",), None, "ref: "),
    ("check_run__failure", ("check_run", "pull_requests"), {}, "check_run.pull_requests: "),
    ("installation__created", ("sender",), [], "sender: "),
]


@pytest.mark.parametrize(("fixture", "path", "value", "field"), WRONG)
def test_a_wrong_shape_names_the_field_and_never_the_value(
    fixture: str, path: tuple[str, ...], value: JsonValue, field: str
) -> None:
    payload = load(fixture)
    place = payload
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(MalformedPayloadError) as caught:
        interpret(fixture, payload=payload)
    assert caught.value.why.startswith(field)
    assert "secret" not in caught.value.why
    assert "etc" not in caught.value.why


def _nulls(value: JsonValue, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*at, name)
            yield from _nulls(inner, (*at, name))


@pytest.mark.parametrize(
    "fixture",
    [path.stem for path in sorted((FIXTURES / "github").glob("*.json"))],
)
def test_null_in_any_place_has_a_clear_answer(fixture: str) -> None:
    for path in _nulls(load(fixture)):
        payload = load(fixture)
        place = payload
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = None
        assert _answer(fixture, payload).startswith((f"event {fixture.partition('__')[0]}", ".".join(path)))


def _answer(fixture: str, payload: dict) -> str:
    try:
        return f"event {interpret(fixture, payload=payload).facts.event}"
    except MalformedPayloadError as error:
        return error.why


def test_ids_may_be_numbers_or_text() -> None:
    numbered = task("issue_comment__mention")
    worded = changed("issue_comment__mention", lambda p: p["comment"].update(id="17"))
    assert task("issue_comment__mention", payload=worded).facts == numbered.facts


def test_what_no_database_stores_is_cleaned() -> None:
    payload = load("issue_comment__mention")
    payload["issue"]["title"] = "a\x00b \ud800 c"
    payload["comment"]["body"] = "@agent fix \x00 and \udfff"
    payload["comment"]["unused"] = "\ud83d"
    asked = task("issue_comment__mention", payload=payload)
    assert asked.facts.title == "a\ufffdb \ufffd c"
    assert asked.command.text == "\ufffd and \ufffd"


def test_stored_texts_are_bounded() -> None:
    payload = load("issue_comment__mention")
    payload["issue"]["title"] = "t" * 100_000
    payload["comment"]["body"] = "@agent fix " + "word " * 400_000
    payload["comment"]["html_url"] = "https://example.com/" + "u" * 100_000
    payload["comment"]["id"] = "9" * 100_000
    payload["sender"]["login"] = payload["comment"]["user"]["login"] = "l" * 100_000
    asked = task("issue_comment__mention", payload=payload)
    assert asked.facts.actor is not None
    assert len(asked.facts.title) == TITLE_LIMIT
    assert len(asked.facts.actor.name) == NAME_LIMIT
    assert len(asked.command.text) <= TEXT_LIMIT
    assert asked.facts.url is None
    assert all(len(key) <= 255 for key in (*asked.keys, asked.facts.origin or ""))


def test_deep_nesting_in_unused_fields_is_refused_clearly() -> None:
    body = json.dumps(load("issue_comment__mention")).encode()
    deep = body[:-1] + b',"unused":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    with pytest.raises(MalformedPayloadError, match="nested too deeply"):
        handler().interpret(delivery("issue_comment", deep))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("User", ActorKind.PERSON), ("Mannequin", ActorKind.UNKNOWN), (None, ActorKind.UNKNOWN)],
)
def test_the_actor_says_what_kind_of_account_it_is(kind: str | None, expected: ActorKind) -> None:
    payload = changed("issues__closed", lambda p: p["sender"].update(type=kind))
    ignored = expect(Ignored, interpret("issues__closed", payload=payload))
    assert ignored.reason is Reason.ACTION_NOT_USED
    assert ignored.facts.actor is not None
    assert ignored.facts.actor.kind is expected
