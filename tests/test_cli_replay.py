"""`hookline replay`, and `hookline tasks log --follow` while a task goes on."""

import json
from datetime import timedelta

import pytest
from pydantic import JsonValue
from sqlalchemy import func, insert, select, update

from command_line import Home, empty_home, home
from hookline.clock import utc_now
from hookline.console.task_log import follow_story
from hookline.core.log_lines import LogLine
from hookline.core.replaying import KEY_LIMIT, Decision, differences, renewed
from hookline.domain.outcome import Facts, TaskRequested
from hookline.reading import make_insights
from hookline.storage.database import Database
from hookline.storage.models import AuditRow, DedupeKeyRow, DeliveryRow, TaskEventRow, TaskRow
from submissions import Sender

__all__ = ["empty_home", "home"]

ASKING = [
    ("github", "issue_comment"),
    ("jira", "comment_created"),
    ("jira", "comment_updated"),
    ("slack", "app_mention"),
    ("slack", "command"),
    ("slack", "shortcut"),
    ("sentry", "issue"),
    ("sentry", "metric_alert"),
]
NOBODY = '[[rules]]\nname = "nobody"\n[rules.allow]\nusers = ["nobody"]\n'


@pytest.mark.parametrize(("provider", "event"), ASKING)
def test_a_replay_makes_a_task_of_its_own_each_time(home: Home, provider: str, event: str) -> None:
    taken = home.take(provider, event)
    first, second = (home.told("replay", taken.id) for _ in range(2))
    assert [first["status"], second["status"]] == ["accepted", "accepted"]
    assert [first["generation"], second["generation"]] == [1, 2]
    assert len({taken.task_id, first["task_id"], second["task_id"]}) == 3
    original, again = (home.told("tasks", "show", each)["task"] for each in (taken.task_id, first["task_id"]))
    same = ("verb", "text", "title", "lane", "conversation", "agent", "state", "rule", "origin")
    assert [again[name] for name in same] == [original[name] for name in same]


def test_a_replay_is_told_to_people(home: Home) -> None:
    taken = home.take("github", "issue_comment")
    result = home.run("replay", taken.id)
    assert result.exit_code == 0, result.stderr
    assert "accepted" in result.stdout
    assert f"replay 1 of {taken.id}" in result.stdout


def test_an_id_of_the_other_kind_is_told(home: Home) -> None:
    taken = home.take("github", "issue_comment")
    assert "is a task, no delivery" in home.run("replay", str(taken.task_id)).stderr
    assert "is a delivery, no task" in home.run("tasks", "show", taken.id).stderr


def test_a_replay_names_the_delivery_it_repeats_and_keeps_its_hash(home: Home) -> None:
    taken = home.take("slack", "command")
    told = home.told("replay", taken.id)
    before, after = (
        home.told("deliveries", "show", each)["delivery"] for each in (taken.id, told["delivery"])
    )
    assert after["replay_of"] == taken.id
    assert (after["sha256"], after["size"]) == (before["sha256"], before["size"])


def test_a_replay_of_a_replay_is_one_of_the_original(home: Home) -> None:
    taken = home.take("github", "issue_comment")
    first = home.told("replay", taken.id)
    second = home.told("replay", first["delivery"])
    assert (second["status"], second["replay_of"], second["generation"]) == ("accepted", taken.id, 2)


def audited(home: Home) -> list[tuple[str, dict]]:
    async def work(database: Database) -> list[tuple[str, dict]]:
        async with database.read() as connection:
            rows = await connection.execute(select(AuditRow.action, AuditRow.data).order_by(AuditRow.id))
            return [(action, json.loads(data)) for action, data in rows]

    return home.with_database(work)


def test_every_replay_is_audited_with_who_and_which(home: Home) -> None:
    taken = home.take("github", "issue_comment")
    told = home.told("replay", taken.id)
    ((action, data),) = audited(home)
    assert action == "delivery.replayed"
    assert data["generation"] == 1
    assert data["delivery"] == told["delivery"]
    assert data["who"]


def counts(home: Home) -> list[int]:
    async def work(database: Database) -> list[int]:
        tables = (DeliveryRow, TaskRow, DedupeKeyRow, AuditRow)
        async with database.read() as connection:
            return [
                (await connection.execute(select(func.count()).select_from(table))).scalar_one()
                for table in tables
            ]

    return home.with_database(work)


def test_a_dry_run_changes_nothing_and_finds_no_difference_under_the_same_rules(home: Home) -> None:
    deliveries = [home.take(provider, event) for provider, event in ASKING]
    deliveries += [home.take("github", "push"), home.take("github", "ping")]
    before = counts(home)
    for taken in deliveries:
        told = home.told("replay", taken.id, "--dry-run")
        assert (told["differs"], told["then"]["what"]) == ([], told["today"]["what"])
        assert "the same is decided today" in home.run("replay", taken.id, "--dry-run").stdout
    assert counts(home) == before


def test_a_dry_run_of_what_came_later_finds_no_difference_either(home: Home) -> None:
    here: list[tuple[str, JsonValue]] = [("issue.number", 5), ("comment.id", 17)]
    edit: list[tuple[str, JsonValue]] = [
        *(("action", "edited"), ("comment.updated_at", "2030-01-01T00:00:00Z")),
        ("changes", {"body": {"from": "@agent fix it"}}),
    ]
    said = [
        home.take("github", "issue_comment", "@agent fix it", here),
        home.take("github", "issue_comment", "@agent fix it all", [*here, *edit]),
        home.take("github", "issue_comment", "@agent status", [*here, ("comment.id", 18)]),
        home.take("github", "issue_comment", "@agent cancel", [*here, ("comment.id", 19)]),
        home.take("github", "issue_comment", "@agent cancel", [*here, ("comment.id", 19)]),
    ]
    told = [home.told("replay", each.id, "--dry-run") for each in said]
    assert [(each["then"]["what"], each["differs"]) for each in told] == [
        ("task", []),
        ("task", []),
        ("control", []),
        ("control", []),
        ("repetition", []),
    ]


def test_a_dry_run_of_a_redelivery_that_retried_finds_no_difference(home: Home) -> None:
    same: list[tuple[str, JsonValue]] = [("issue.number", 5), ("comment.id", 17)]
    taken = home.take("github", "issue_comment", changes=same)

    async def change(database: Database) -> None:
        async with database.write() as connection:
            await connection.execute(update(TaskRow).values(state="failed"))
            await connection.execute(update(DeliveryRow).values(status="applied", detail="redelivery"))

    home.with_database(change)
    told = home.told("replay", taken.id, "--dry-run")
    assert (told["then"]["what"], told["differs"]) == ("task", [])


def test_a_dry_run_tells_what_other_rules_would_decide(home: Home) -> None:
    taken = home.take("github", "issue_comment")
    (home.path / "hookline.toml").write_text(NOBODY)
    told = home.told("replay", taken.id, "--dry-run")
    assert told["then"]["what"] == "task"
    assert (told["today"]["what"], told["today"]["reason"]) == ("nothing", "not_allowed")
    assert {"what", "reason"} <= set(told["differs"])
    rows = [line.split("\t") for line in home.run("replay", taken.id, "--dry-run").stdout.splitlines()]
    assert ["what", "task", "nothing", "yes"] in rows


def test_what_was_ignored_may_start_a_task_after_a_change_of_rules(home: Home) -> None:
    (home.path / "hookline.toml").write_text(NOBODY)
    taken = home.take("github", "issue_comment")
    assert home.told("replay", taken.id)["reason"] == "not_allowed"
    (home.path / "hookline.toml").unlink()
    assert home.told("replay", taken.id)["status"] == "accepted"
    listed = home.told("deliveries", "list")["deliveries"]
    assert [(d["status"], d["replay_of"]) for d in listed] == [
        ("accepted", taken.id),
        ("ignored", taken.id),
        ("ignored", None),
    ]


def test_a_source_that_is_gone_is_told(home: Home) -> None:
    taken = home.take("github", "issue_comment")
    result = home.run("replay", taken.id, GITHUB_WEBHOOK_SECRET="")
    assert result.exit_code == 2
    assert "github/default" in result.stderr


def test_an_unknown_delivery_is_told(home: Home) -> None:
    result = home.run("replay", "01a205a5-ca81-736b-a140-bc73cc08afb5")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no delivery" in result.stderr


def test_renewed_keys_are_bounded_and_stay_apart() -> None:
    asked = (
        Sender().asks("k" * KEY_LIMIT, "k" * (KEY_LIMIT - 1) + "x", "short", open_key="github:1:open").outcome
    )
    first, second = renewed(asked, 1), renewed(asked, 2)
    assert isinstance(first, TaskRequested)
    assert isinstance(second, TaskRequested)
    keys = [*first.keys, first.open_key, *second.keys, second.open_key]
    assert len({*keys, *asked.keys}) == len(keys) + len(asked.keys)
    assert max(map(len, keys)) <= KEY_LIMIT
    assert first.keys[2] == "short~replay1"


def test_only_what_is_known_differs() -> None:
    today = Decision("task", rule="mentions", verb="fix", agent="echo")
    assert differences(Decision("task", rule="mentions"), today) == []
    assert differences(Decision("nothing", reason="no_rule"), today)[:2] == [
        ("what", "nothing", "task"),
        ("reason", "no_rule", None),
    ]


def test_an_edit_that_is_replayed_asks_for_a_task_of_its_own() -> None:
    asked = Sender().edits("k", facts=Facts("issue_comment")).outcome
    fresh = renewed(asked, 1)
    assert isinstance(fresh, TaskRequested)
    assert fresh.revises is None


async def _add(database: Database, task_id: str, seq: int, event: str, state: str | None = None) -> None:
    async with database.write() as connection:
        fact = {"task_id": task_id, "seq": seq, "at": utc_now() + timedelta(seconds=seq), "event": event}
        await connection.execute(insert(TaskEventRow).values(**fact, data="{}"))
        if state:
            await connection.execute(update(TaskRow).where(TaskRow.id == task_id).values(state=state))


def test_a_log_is_followed_until_the_task_is_over(home: Home) -> None:
    task_id = home.take("github", "issue_comment").task_id
    told: list[LogLine] = []
    waits: list[float] = []

    async def work(database: Database) -> None:
        async def sleep(seconds: float) -> None:
            waits.append(seconds)
            match len(waits):
                case 1:
                    await _add(database, task_id, 2, "task.started")
                case 3:
                    await _add(database, task_id, 3, "task.succeeded", "succeeded")
                case _:
                    pass

        await follow_story(make_insights(database), task_id[:30], told.append, sleep)

    home.with_database(work)
    events = [line.event for line in told]
    assert events[-4:] == ["task.created", "task.queued", "task.started", "task.succeeded"]
    assert [line.seq for line in told] == list(range(1, len(told) + 1))
    assert waits == [0.5, 0.5, 0.5]
