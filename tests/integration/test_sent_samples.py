"""What an operator does first: send a sample of every provider, find its task, and read the task's story."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
from pydantic import JsonValue

from gateways import Gateway, gateway

pytestmark = [pytest.mark.integration, pytest.mark.no_cover]

STORY = [
    "delivery.received",
    "delivery.verified",
    "delivery.parsed",
    "delivery.decided",
    "command.extracted",
    "task.created",
    "task.queued",
]


@dataclass(frozen=True)
class Errand:
    """What is sent, and the task that is expected of it."""

    words: tuple[str, ...]
    verb: str
    text: str
    conversation: str
    code: int = 202


ERRANDS: Mapping[str, Errand] = {
    "github": Errand(
        ("issue_comment", "--text", "@agent fix the login test", "--set", "issue.number=12"),
        "fix",
        "the login test",
        "github:octo/app#12",
    ),
    "jira": Errand(
        ("comment_created", "--text", "@agent plan the move", "--set", "issue.key=SHOP-12"),
        "plan",
        "the move",
        "jira:SHOP-12",
    ),
    "slack": Errand(
        ("command", "--text", "review the last change", "--set", "trigger_id=12.34.sample"),
        "review",
        "the last change",
        "slack:T0SAMPLE/C0SAMPLE/12.34.sample",
        code=200,
    ),
    "sentry": Errand(
        ("issue", "--set", 'data.issue.id="12"'), "analyze", "ValueError: basket is empty", "sentry:12"
    ),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("sent") / "home") as started:
        yield started


@pytest.fixture(scope="module")
def answers(running: Gateway) -> dict[str, dict[str, JsonValue]]:
    """How a sample of every provider was answered."""
    return {name: sent(running, name, errand) for name, errand in ERRANDS.items()}


@pytest.fixture(scope="module")
def tasks(running: Gateway, answers: dict[str, dict[str, JsonValue]]) -> dict[str, dict[str, JsonValue]]:
    """The tasks that are listed afterwards, by provider."""
    listed = told(running, "tasks", "list", "--json")["tasks"]
    assert len(listed) == len(answers)
    return {task["provider"]: task for task in listed}


def told(running: Gateway, *words: str) -> dict:
    return json.loads(printed(running, *words))


def printed(running: Gateway, *words: str) -> str:
    done = running.command(*words)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def sent(running: Gateway, provider: str, errand: Errand) -> dict[str, JsonValue]:
    report = told(running, "send", provider, *errand.words, "--json")
    assert (report["url"], report["sent"]) == (f"{running.url}/webhooks/{provider}", 1)
    return report["answers"][0]


@pytest.mark.parametrize("provider", ["github", "jira", "sentry"])
def test_a_sample_is_accepted_with_the_id_of_the_task_that_is_listed(
    provider: str, answers: dict[str, dict[str, JsonValue]], tasks: dict[str, dict[str, JsonValue]]
) -> None:
    answer = {"status": "accepted", "task_id": tasks[provider]["id"]}
    assert answers[provider] == {"code": ERRANDS[provider].code, "answer": answer}


def test_a_slash_command_is_answered_with_a_sentence_for_the_asker(
    answers: dict[str, dict[str, JsonValue]], tasks: dict[str, dict[str, JsonValue]]
) -> None:
    answer = answers["slack"]["answer"]
    assert answers["slack"]["code"] == ERRANDS["slack"].code
    assert isinstance(answer, dict)
    assert answer["response_type"] == "ephemeral"
    assert str(tasks["slack"]["id"]) in str(answer["text"])


@pytest.mark.parametrize("provider", ERRANDS)
def test_the_task_is_listed_with_its_verb_and_conversation(
    provider: str, tasks: dict[str, dict[str, JsonValue]]
) -> None:
    task, errand = tasks[provider], ERRANDS[provider]
    assert (task["verb"], task["conversation"]) == (errand.verb, errand.conversation)
    assert task["state"] == "queued"


@pytest.mark.parametrize("provider", ERRANDS)
def test_the_log_tells_the_whole_story(
    provider: str, running: Gateway, tasks: dict[str, dict[str, JsonValue]]
) -> None:
    task, errand = tasks[provider], ERRANDS[provider]
    log = printed(running, "tasks", "log", str(task["id"]), "--json")
    lines = [json.loads(line) for line in log.splitlines()]
    assert [line["event"] for line in lines] == STORY
    assert [line["seq"] for line in lines] == list(range(1, len(STORY) + 1))
    assert {line["task_id"] for line in lines} == {task["id"]}
    data = {line["event"]: line["data"] for line in lines}
    assert data["delivery.received"]["provider"] == provider
    assert data["delivery.parsed"]["conversation"] == errand.conversation
    assert data["delivery.decided"]["status"] == "accepted"
    assert data["command.extracted"]["text"] == errand.text
