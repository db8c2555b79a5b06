"""The command line: looking at tasks and deliveries, and how commands end."""

import json

import pytest
from sqlalchemy import select, update

from command_line import HOSTILE, STEERING, Home, empty_home, home
from hookline.storage.database import Database
from hookline.storage.models import AuditRow, TaskRow

__all__ = ["empty_home", "home"]


def test_the_version_is_told(home: Home) -> None:
    result = home.run("--version")
    assert (result.exit_code, result.stdout.strip()) == (0, "0.1.0")


def test_tasks_are_listed_newest_first_with_a_cursor(home: Home) -> None:
    ids = [home.take("github", "issue_comment").task_id for _ in range(3)]
    first = home.told("tasks", "list", "--limit", "2")
    assert [task["id"] for task in first["tasks"]] == [ids[2], ids[1]]
    second = home.told("tasks", "list", "--limit", "2", "--cursor", first["next"])
    assert [task["id"] for task in second["tasks"]] == [ids[0]]
    assert second["next"] is None


def test_tasks_are_filtered(home: Home) -> None:
    ours = home.take("github", "issue_comment").task_id
    theirs = home.take("jira", "comment_created").task_id
    assert [t["id"] for t in home.told("tasks", "list", "--provider", "jira")["tasks"]] == [theirs]
    assert [t["id"] for t in home.told("tasks", "list", "--lane", "github:octo/app")["tasks"]] == [ours]
    assert home.told("tasks", "list", "--state", "dead")["tasks"] == []
    assert len(home.told("tasks", "list", "--state", "dead", "--state", "queued")["tasks"]) == 2


def test_a_list_for_programs_has_one_line_for_each_task_and_tabs_between(home: Home) -> None:
    taken = home.take("github", "issue_comment", changes=[("issue.title", "wide " * 100)])
    result = home.run("tasks", "list", COLUMNS="40")
    header, row = result.stdout.splitlines()
    assert header.split("\t")[0] == "id"
    assert row.split("\t")[0] == taken.task_id
    assert len(row) > 290


@pytest.mark.parametrize(("option", "known"), [("--state", "queued"), ("--limit", "1")])
def test_wrong_options_are_told_with_what_was_expected(home: Home, option: str, known: str) -> None:
    result = home.run("tasks", "list", option, "nonsense")
    assert result.exit_code == 2
    assert known in result.stderr or "integer" in result.stderr


def test_a_wrong_status_is_told(home: Home) -> None:
    result = home.run("deliveries", "list", "--status", "fine")
    assert result.exit_code == 2
    assert "accepted, applied, duplicate, ignored, reply" in result.stderr


def test_a_task_is_shown_with_its_history_and_deliveries(home: Home) -> None:
    taken = home.take("github", "issue_comment", "@agent fix the login test")
    shown = home.run("tasks", "show", taken.task_id).stdout
    assert "the login test" in shown
    assert "task.created" in shown
    assert taken.id in shown
    told = home.told("tasks", "show", taken.task_id)
    assert told["task"]["verb"] == "fix"
    assert told["facts"][0]["event"] == "task.created"
    assert told["deliveries"][0]["role"] == "origin"


def test_a_beginning_of_an_id_is_enough_where_no_other_has_it(home: Home) -> None:
    task_id = home.take("github", "issue_comment").task_id
    assert home.told("tasks", "show", task_id[:35])["task"]["id"] == task_id
    result = home.run("tasks", "show", task_id[:3])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("hookline: there is no such task")


def test_a_log_is_printed_for_people_and_for_programs(home: Home) -> None:
    task_id = home.take("github", "issue_comment").task_id
    shown = home.run("tasks", "log", task_id).stdout.splitlines()
    lines = [json.loads(line) for line in home.run("tasks", "log", task_id, "--json").stdout.splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert [line["event"] for line in lines][-2:] == ["task.created", "task.queued"]
    assert len(shown) == len(lines)
    assert all(line["event"] in text for line, text in zip(lines, shown, strict=True))


def finish(home: Home, task_id: str) -> None:
    async def work(database: Database) -> None:
        async with database.write() as connection:
            change = update(TaskRow).where(TaskRow.id == task_id).values(state="succeeded")
            await connection.execute(change)

    home.with_database(work)


def test_following_a_log_ends_with_the_task(home: Home) -> None:
    task_id = home.take("github", "issue_comment").task_id
    finish(home, task_id)
    followed = home.run("tasks", "log", task_id, "--follow")
    assert followed.exit_code == 0
    assert followed.stdout == home.run("tasks", "log", task_id).stdout


def test_deliveries_are_listed_with_their_reasons(home: Home) -> None:
    accepted = home.take("github", "issue_comment")
    ignored = home.take("github", "push")
    rows = dict(line.split("\t", 1) for line in home.run("deliveries", "list").stdout.splitlines()[1:])
    assert accepted.task_id in rows[accepted.id]
    assert "rule mentions" in rows[accepted.id]
    assert "no_rule: push" in rows[ignored.id]
    told = home.told("deliveries", "list", "--status", "ignored")
    assert [d["id"] for d in told["deliveries"]] == [ignored.id]
    assert told["next"] is None


def test_a_delivery_is_shown_with_its_reason_in_words(home: Home) -> None:
    ignored = home.take("github", "push")
    shown = home.run("deliveries", "show", ignored.id).stdout
    assert "no rule matches it" in shown
    assert "x-github-event" in shown
    assert "head_commit" not in shown


def audited(home: Home) -> list[tuple[str, str, dict]]:
    async def work(database: Database) -> list[tuple[str, str, dict]]:
        async with database.read() as connection:
            rows = await connection.execute(select(AuditRow.action, AuditRow.target, AuditRow.data))
            return [(action, target, json.loads(data)) for action, target, data in rows]

    return home.with_database(work)


def test_looking_at_a_body_is_audited(home: Home) -> None:
    taken = home.take("github", "push")
    assert audited(home) == []
    assert "head_commit" in home.run("deliveries", "show", taken.id, "--body").stdout
    ((action, target, data),) = audited(home)
    assert (action, target) == ("body.read", taken.id)
    assert data["who"]


def test_a_raw_body_is_written_byte_for_byte(home: Home) -> None:
    taken = home.take("github", "push", changes=[("head_commit.message", HOSTILE)])
    raw = home.run("deliveries", "show", taken.id, "--raw")
    assert json.loads(raw.stdout_bytes)["head_commit"]["message"] == HOSTILE


@pytest.mark.parametrize(
    "words",
    [
        ("tasks", "list"),
        ("tasks", "show", "TASK"),
        ("tasks", "log", "TASK"),
        ("deliveries", "list"),
        ("deliveries", "show", "DELIVERY", "--body"),
        ("replay", "DELIVERY", "--dry-run"),
    ],
)
def test_outsiders_text_steers_no_terminal(home: Home, words: tuple[str, ...]) -> None:
    text = f"@agent fix {HOSTILE}"
    taken = home.take("github", "issue_comment", text, [("issue.title", HOSTILE), ("sender.login", HOSTILE)])
    meant = [{"TASK": taken.task_id, "DELIVERY": taken.id}.get(word, word) for word in words]
    plain, as_json = home.run(*meant), home.run(*meant, "--json")
    for result in (plain, as_json):
        assert result.exit_code == 0, result.stderr
        assert not [mark for mark in STEERING if mark in result.stdout]
    assert "gnp.exe" in plain.stdout
    assert "\\u202egnp.exe" in as_json.stdout


def test_a_json_list_loses_nothing_of_a_hostile_title(home: Home) -> None:
    home.take("github", "issue_comment", changes=[("issue.title", HOSTILE)])
    (task,) = home.told("tasks", "list")["tasks"]
    assert task["title"] == " ".join(HOSTILE.split())
