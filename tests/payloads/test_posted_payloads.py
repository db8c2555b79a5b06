"""Every real body, signed and posted to a real gateway: it becomes and is stored as the tables say."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from posted_regimes import REGIMES, Regime, Told

from gateways import Gateway, eventually, gateway
from hookline.domain.reading import DeliverySummary
from hookline.domain.task import Task, TaskState
from ledger import read_stored
from load import Seen, exchange, request_bytes
from signed_webhooks import Webhook, github, jira, sentry, slack

SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "payloads"

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not beside the repository"),
]

SIGNED: dict[str, Callable[[Path], Webhook]] = {
    "github": lambda path: github(event_of(path), path.read_bytes(), form=is_form(path)),
    "jira": lambda path: jira(path.read_bytes()),
    "slack": lambda path: slack(path.read_bytes(), form=is_form(path)),
    "sentry": lambda path: sentry(event_of(path), path.read_bytes()),
}
WITHOUT_AN_EVENT = "sentry/legacy_plugin-docs.json"
INTERACTIVE = {"slack/slash_command.form", "slack/slash_command-3.form"}
CONTROLS = {"nothing_to_withdraw": "withdraw", "nothing_to_cancel": "cancel"}
"""Why a control changed nothing, and which one it was."""


@dataclass(frozen=True)
class Posted:
    """A body's answer, its delivery as it was stored, and the task that it made or repeats."""

    answer: Seen
    delivery: DeliverySummary | None
    task: Task | None

    @property
    def told(self) -> Told:
        """What became of it, in the words of the tables."""
        if self.delivery is None:
            return {"kind": str(self.answer.content["status"]), "word": self.answer.content["error"]}
        facts: Told = {"conversation": self.delivery.conversation, "lane": self.delivery.lane}
        if self.delivery.status == "applied":
            return facts | {"kind": "control", "word": self.answer.content["control"]}
        if self.task is not None:
            return self.told_of(self.task)
        if self.delivery.status == "reply":
            return facts | {"kind": "reply", "word": json.dumps(self.answer.content, separators=(",", ":"))}
        reason = self.delivery.reason or ""
        if reason in CONTROLS:
            return facts | {"kind": "control", "word": CONTROLS[reason]}
        return facts | {"kind": self.delivery.status, "word": reason}

    def told_of(self, task: Task) -> Told:
        return {
            "kind": "task",
            "word": task.verb.value,
            "conversation": task.conversation,
            "lane": task.lane,
            "band": int(task.band),
            "text": task.text,
            "trigger": task.trigger,
        }


def is_form(path: Path) -> bool:
    return path.suffix == ".form"


def event_of(path: Path) -> str:
    return path.name.split(".")[0].split("-")[0]


def webhook_of(name: str) -> Webhook:
    path = SAMPLES / name
    webhook = SIGNED[path.parent.name](path)
    if name == WITHOUT_AN_EVENT:
        del webhook.headers["sentry-hook-resource"]
    return webhook


async def post_all(running: Gateway, names: list[str]) -> dict[str, Posted]:
    """Post bodies one after the other, and wait until all that were not refused are stored."""
    webhooks = {name: webhook_of(name) for name in names}
    answers = {name: await exchange(running.port, request_bytes(w)) for name, w in webhooks.items()}
    count = sum(answer.status < 400 for answer in answers.values())

    async def are_all_stored() -> bool:
        return len((await read_stored(running)).deliveries) == count

    await eventually(are_all_stored)
    stored = await read_stored(running)
    posted: dict[str, Posted] = {}
    for name, answer in answers.items():
        delivery = stored.deliveries.get(sha256(webhooks[name].body).hexdigest())
        task = stored.tasks.get(delivery.task_id or "") if delivery else None
        posted[name] = Posted(answer, delivery, task)
    return posted


def repetitions(posted: dict[str, Posted]) -> dict[str, str]:
    """Each body that got the task of another one, with that one."""
    got = {name: (one.delivery.status, one.task.id) for name, one in posted.items() if one.task}
    firsts = {task: name for name, (status, task) in got.items() if status == "accepted"}
    return {name: firsts[task] for name, (status, task) in got.items() if status == "duplicate"}


def assert_the_answer_agrees(name: str, posted: Posted) -> None:
    """The answer says what was stored, in the status and words of the documented table."""
    answer, delivery = posted.answer, posted.delivery
    if delivery is None:
        assert answer.status == 400
        return
    told = {"status": delivery.status, "reason": delivery.reason, "task_id": delivery.task_id}
    is_accepted = delivery.status == "accepted" and name not in INTERACTIVE
    assert answer.status == (202 if is_accepted else 200)
    if "status" in answer.content and delivery.status != "reply":
        assert answer.content.items() >= {(key, value) for key, value in told.items() if value}
    if delivery.status == "applied":
        assert posted.task is not None
        assert posted.task.state is TaskState.CANCELLED


def test_the_tables_name_exactly_the_samples() -> None:
    files = (path for provider in SIGNED for path in (SAMPLES / provider).iterdir())
    names = {f"{path.parent.name}/{path.name}" for path in files if not path.name.endswith(".headers.json")}
    assert names == REGIMES["default"]().expected.keys()


@pytest.mark.parametrize("regime", REGIMES.values(), ids=REGIMES)
async def test_every_sample_becomes_and_is_stored_as_the_tables_say(
    tmp_path: Path, regime: Callable[[], Regime]
) -> None:
    wanted = regime()
    (tmp_path / "hookline.toml").write_text(wanted.settings)
    with gateway(tmp_path / "home") as running:
        posted = await post_all(running, sorted(wanted.expected))
    expected = {name: wanted.became(name) for name in posted}
    told = {name: {fact: one.told.get(fact) for fact in expected[name]} for name, one in posted.items()}
    assert told == expected
    assert repetitions(posted) == wanted.repeated
    for name, one in posted.items():
        assert_the_answer_agrees(name, one)
