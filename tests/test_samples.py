"""Every sample is signed as its provider signs, and means under the default rules what it says it does."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count

import pytest

from contracts.handler_contract import NOW, SECRET, rule_book
from hookline.core.samples import LeadsTo, Occasion, SampleError, SignedSample, make_sample, put
from hookline.domain.command import Verb
from hookline.domain.delivery import Delivery, RequestHead
from hookline.domain.errors import SignatureRejectedError
from hookline.domain.ids import DeliveryId
from hookline.domain.outcome import ControlRequested, Ignored, Outcome, Reason, Reply, TaskRequested
from hookline.domain.source import Source
from hookline.domain.webhook import WebhookHandler
from hookline.registry import PROVIDERS

EVENTS = [(name, event) for name, provider in PROVIDERS.items() for event in provider.samples.events]
KINDS: dict[LeadsTo, type[Outcome]] = {
    LeadsTo.TASK: TaskRequested,
    LeadsTo.CONTROL: ControlRequested,
    LeadsTo.REPLY: Reply,
    LeadsTo.NOTHING: Ignored,
}


def numbers() -> Callable[[], int]:
    told: Iterator[int] = count(7_000_000_000)
    return lambda: next(told)


def occasion(provider: str, event: str, text: str = "@agent analyze this", **changes: object) -> Occasion:
    action = PROVIDERS[provider].samples.events[event].action
    base = Occasion(Source(provider, secrets=(SECRET,)), "agent", text, action, NOW, numbers())
    return replace(base, **changes)


def handler_of(provider: str) -> WebhookHandler:
    source = Source(provider, secrets=(SECRET,))
    return PROVIDERS[provider].handler(source, rule_book(), lambda: NOW)


def delivery(sample: SignedSample) -> Delivery:
    return Delivery(DeliveryId("d1"), RequestHead(sample.headers, NOW, "127.0.0.1"), sample.body)


def interpret(provider: str, event: str, text: str = "@agent analyze this", **changes: object) -> Outcome:
    told = make_sample(PROVIDERS[provider].samples, event, occasion(provider, event, text, **changes))
    handler = handler_of(provider)
    handler.verify(delivery(told))
    return handler.interpret(delivery(told))


@pytest.mark.parametrize(("provider", "event"), EVENTS)
def test_a_sample_is_signed_and_leads_to_what_it_says(provider: str, event: str) -> None:
    outcome = interpret(provider, event)
    expected = PROVIDERS[provider].samples.events[event].leads_to
    assert isinstance(outcome, KINDS[expected])
    if isinstance(outcome, Ignored):
        assert outcome.reason is Reason.NO_RULE


@pytest.mark.parametrize(("provider", "event"), EVENTS)
def test_a_sample_has_a_content_type_that_its_handler_takes(provider: str, event: str) -> None:
    sample = make_sample(PROVIDERS[provider].samples, event, occasion(provider, event))
    assert sample.headers["content-type"] in handler_of(provider).content_types
    assert all(name == name.lower() for name in sample.headers)


@pytest.mark.parametrize(("provider", "event"), EVENTS)
def test_another_secret_does_not_pass(provider: str, event: str) -> None:
    other = Source(provider, secrets=(b"another secret, of somebody else",))
    sample = make_sample(PROVIDERS[provider].samples, event, occasion(provider, event, source=other))
    with pytest.raises(SignatureRejectedError):
        handler_of(provider).verify(delivery(sample))


@pytest.mark.parametrize(("provider", "event"), EVENTS)
def test_two_samples_share_no_key(provider: str, event: str) -> None:
    told = numbers()
    first, second = (interpret(provider, event, number=told) for _ in range(2))
    if isinstance(first, TaskRequested):
        assert isinstance(second, TaskRequested)
        assert not {*first.keys, first.open_key} & {*second.keys} - {None}
        assert first.facts.conversation != second.facts.conversation


def test_a_redacted_sample_still_means_the_same() -> None:
    for provider, event in EVENTS:
        sample = make_sample(PROVIDERS[provider].samples, event, occasion(provider, event))
        handler = handler_of(provider)
        before = handler.interpret(delivery(sample))
        stored = replace(sample, body=handler.redact(sample.body, sample.headers))
        after = handler.interpret(delivery(stored))
        assert (type(after), after.facts) == (type(before), before.facts), (provider, event)


@pytest.mark.parametrize(
    ("provider", "event"),
    [
        ("github", "issue_comment"),
        ("jira", "comment_created"),
        ("slack", "app_mention"),
        ("slack", "command"),
        ("slack", "direct_message"),
    ],
)
def test_the_text_is_what_the_person_says(provider: str, event: str) -> None:
    outcome = interpret(provider, event, "@agent fix the login test & <b>more</b>")
    assert isinstance(outcome, TaskRequested)
    assert outcome.command.verb is Verb.FIX
    assert outcome.command.text == "the login test & <b>more</b>"


def test_an_app_mention_always_mentions_the_app() -> None:
    outcome = interpret("slack", "app_mention", text="fix the login test")
    assert isinstance(outcome, TaskRequested)
    assert (outcome.command.verb, outcome.command.text) == (Verb.FIX, "the login test")


def test_another_handle_is_mentioned() -> None:
    sample = make_sample(
        PROVIDERS["slack"].samples, "command", occasion("slack", "command", "@robot fix it", handle="robot")
    )
    assert b"command=%2Frobot" in sample.body
    assert b"text=fix+it" in sample.body


@pytest.mark.parametrize("action", ["edited", "deleted", "labeled", "assigned"])
def test_other_actions_can_be_asked_for(action: str) -> None:
    outcome = interpret("github", "issues", action=action)
    assert outcome.facts.action == action


def test_a_returning_issue_is_a_regression() -> None:
    outcome = interpret("sentry", "issue", action="unresolved")
    assert isinstance(outcome, TaskRequested)
    assert outcome.plan.rule == "sentry-regression"


def test_parts_of_a_sample_can_be_set_before_it_is_signed() -> None:
    told = occasion("github", "issue_comment")
    changes = [("issue.number", 12), ("comment.author_association", "NONE"), ("made.on.the.way", True)]
    sample = make_sample(PROVIDERS["github"].samples, "issue_comment", told, changes)
    handler_of("github").verify(delivery(sample))
    document = json.loads(sample.body)
    assert document["issue"]["number"] == 12
    assert document["made"] == {"on": {"the": {"way": True}}}
    outcome = handler_of("github").interpret(delivery(sample))
    assert isinstance(outcome, Ignored)
    assert outcome.reason is Reason.NOT_ALLOWED


def test_items_of_lists_can_be_set() -> None:
    document = {"items": [{"to": "a"}, 2]}
    put(document, "items.0.to", "b")
    put(document, "items.1", 3)
    assert document == {"items": [{"to": "b"}, 3]}


@pytest.mark.parametrize("path", ["items.2", "items.x", "name.first", "items.1.deeper", "items.9.x"])
def test_a_path_that_leads_nowhere_is_told(path: str) -> None:
    with pytest.raises(SampleError, match=path):
        put({"items": [1, 2], "name": "x"}, path, 1)
