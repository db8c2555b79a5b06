"""`hookline queue …` and the commands that change tasks: what they do, and how they end without a queue."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import TypeVar

import pytest
from sqlalchemy import update

from command_line import HOSTILE, STEERING, Home, empty_home, home
from hookline.clock import utc_now
from hookline.domain.ids import TaskId
from hookline.domain.lifecycle import Start
from hookline.domain.queue import ClaimCall, ClaimId
from hookline.queue.connection import open_redis
from hookline.queue.redis_queue import RedisTaskQueue
from hookline.storage.database import Database
from hookline.storage.ledger import SqlQueueLedger
from hookline.storage.lifecycle import SqlLifecycleStore
from hookline.storage.models import TaskRow
from server_process import TestServer

__all__ = ["empty_home", "home"]
pytestmark = pytest.mark.integration

LANE = "github:octo/app"
ResultT = TypeVar("ResultT")
AWAY = "redis://127.0.0.1:9/0"


@pytest.fixture
def url(valkey: TestServer, home: Home) -> Iterator[str]:
    """A queue that is empty, and that the home uses."""
    home.environment["REDIS_URL"] = valkey.url
    on_queue(home, _flush)
    yield valkey.url
    on_queue(home, _flush)


async def _flush(queue: RedisTaskQueue, _database: Database) -> None:
    await queue._redis.flushall()


def on_queue(home: Home, work: Callable[[RedisTaskQueue, Database], Awaitable[ResultT]]) -> ResultT:
    async def opened(database: Database) -> ResultT:
        queue = RedisTaskQueue(open_redis(home.environment["REDIS_URL"]))
        try:
            return await work(queue, database)
        finally:
            await queue.close()

    return home.with_database(opened)


def push(home: Home, *task_ids: str) -> None:
    async def work(queue: RedisTaskQueue, database: Database) -> None:
        await queue.enqueue(await SqlQueueLedger(database).as_queued([TaskId(each) for each in task_ids]))

    on_queue(home, work)


def claim(home: Home) -> list[str]:
    """What the queue gives out, begun in the database by a worker."""

    async def work(queue: RedisTaskQueue, database: Database) -> list[str]:
        taken = await queue.claim(ClaimCall(ClaimId("c"), 9, timedelta(minutes=1)))
        starts = [
            Start(held.task_id, held.claim_id, "one", timedelta(minutes=1), f"l{at}", f"t{at}")
            for at, held in enumerate(taken.holdings)
        ]
        await SqlLifecycleStore(database).start(starts, utc_now())
        return list(taken.task_ids)

    return on_queue(home, work)


def end(home: Home, task_id: str, state: str = "dead", ago: timedelta = timedelta(0)) -> None:
    async def work(database: Database) -> None:
        ended = {"state": state, "finished_at": utc_now() - ago, "outcome": f"{state}: {HOSTILE}"}
        async with database.write() as connection:
            await connection.execute(update(TaskRow).where(TaskRow.id == task_id).values(**ended))

    home.with_database(work)


def state(home: Home, task_id: str) -> str:
    return home.told("tasks", "show", task_id)["task"]["state"]


def story(home: Home, task_id: str) -> str:
    return home.run("tasks", "log", task_id).stdout


@pytest.mark.usefixtures("url")
def test_what_waits_and_runs_is_told_by_lane_and_band(home: Home) -> None:
    (home.path / "hookline.toml").write_text('[[lanes]]\nlane = "github:*"\nweight = 2.0\ncap = 3\n')
    taken = [home.take("github", "issue_comment", age=timedelta(hours=1)).task_id for _ in range(3)]
    push(home, *taken)
    claim(home)
    push(home, home.take("jira", "comment_created").task_id)
    told = home.told("queue", "stats")
    (ours, theirs) = told["lanes"]
    assert (ours["lane"], ours["running"], ours["weight"], ours["cap"]) == (LANE, 3, 2.0, 3)
    assert theirs["bands"][0]["waiting"] == 1
    assert theirs["bands"][0]["oldest_age_seconds"] < 600
    assert (told["running"], told["delayed"], told["pauses"]) == (3, 0, [])
    assert sum(band["waiting"] for band in told["bands"]) == 1
    header, *rows = home.run("queue", "stats").stdout.splitlines()
    assert header.split("\t") == ["lane", "band", "waiting", "oldest", "running", "cap", "weight", "paused"]
    assert rows[0].split("\t") == [LANE, "", "0", "", "3", "3", "2", ""]
    assert [lane["lane"] for lane in home.told("queue", "stats", "--lane", LANE)["lanes"]] == [LANE]


@pytest.mark.usefixtures("url")
@pytest.mark.parametrize("words", [(), ("--lane", LANE)])
def test_a_pause_is_made_seen_and_taken_back(home: Home, words: tuple[str, ...]) -> None:
    task_id = home.take("github", "issue_comment").task_id
    push(home, task_id)
    made = home.told("queue", "pause", *words, "--reason", "red\ntests")
    assert (made["is_new"], made["pause"]["reason"]) == (True, "red tests")
    assert made["pause"]["paused_by"]
    again = home.run("queue", "pause", *words)
    assert (again.exit_code, "paused already" in again.stdout) == (0, True)
    stats = home.run("queue", "stats")
    assert stats.stdout.splitlines()[1].endswith("paused")
    assert "red tests" in stats.stderr
    assert claim(home) == []
    ended = home.told("queue", "resume", *words)
    assert (ended["ended"]["reason"], ended["pauses"]) == ("red tests", [])
    assert claim(home) == [task_id]
    twice = home.run("queue", "resume", *words)
    assert (twice.exit_code, "was not paused" in twice.stdout) == (0, True)


@pytest.mark.usefixtures("url")
def test_a_lane_that_nobody_has_seen_may_be_a_mistake(home: Home) -> None:
    paused = home.run("queue", "pause", "--lane", "github:octo/ap")
    assert (paused.exit_code, "no task of github:octo/ap" in paused.stderr) == (0, True)
    for lane in ("", "*", "x" * 256, "a\x00b"):
        wrong = home.run("queue", "pause", "--lane", lane)
        assert (wrong.exit_code, "no lane is called so" in wrong.stderr) == (2, True)
    everything = home.run("queue", "resume")
    assert "still paused: github:octo/ap" in everything.stderr


def test_without_the_queue_the_database_remembers(home: Home) -> None:
    task_id = home.take("github", "issue_comment").task_id
    for words in (
        ("queue", "pause"),
        ("queue", "resume"),
        ("tasks", "cancel", task_id),
        ("tasks", "retry", task_id),
    ):
        if words[1] == "retry":
            end(home, task_id)
        done = home.run(*words, REDIS_URL=AWAY)
        assert (done.exit_code, "the queue does not answer now" in done.stderr) == (0, True), done.stderr
    assert state(home, task_id) == "queued"
    stats = home.run("queue", "stats", REDIS_URL=AWAY)
    assert stats.exit_code == 1
    assert "start the server of REDIS_URL" in stats.stderr
    embedded = home.run("queue", "stats")
    assert embedded.exit_code == 1
    assert "start `hookline serve`" in embedded.stderr
    assert not (home.path / "valkey").exists()


@pytest.mark.usefixtures("url")
def test_a_waiting_task_is_cancelled_and_a_running_one_told_to_stop(home: Home) -> None:
    runs = home.take("github", "issue_comment").task_id
    push(home, runs)
    assert claim(home) == [runs]
    waits = home.take("jira", "comment_created").task_id
    push(home, waits)
    told = home.told("tasks", "cancel", runs, waits, "--reason", "no longer needed")
    assert {task["id"]: task["became"] for task in told["tasks"]} == {
        runs: "cancel_requested",
        waits: "cancelled",
    }
    assert (state(home, runs), state(home, waits)) == ("running", "cancelled")
    for task_id in (runs, waits):
        assert "on the command line: no longer needed" in story(home, task_id)
    assert sum(band["waiting"] for band in home.told("queue", "stats")["bands"]) == 0
    again = home.run("tasks", "cancel", waits)
    assert (again.exit_code, f"{waits} is over already, as cancelled" in again.stderr) == (1, True)
    assert home.run("tasks", "cancel", "nobody").exit_code == 1


@pytest.mark.usefixtures("url")
def test_a_task_that_was_given_up_is_tried_again(home: Home) -> None:
    dead = home.take("github", "issue_comment").task_id
    end(home, dead)
    assert f"{dead}  queued again" in home.run("tasks", "retry", dead).stdout
    assert "redriven" in story(home, dead)
    assert "asked by" in story(home, dead)
    assert claim(home) == [dead]
    wrong = home.run("tasks", "retry", dead)
    assert (wrong.exit_code, "is neither failed nor dead, but running" in wrong.stderr) == (1, True)


@pytest.mark.usefixtures("url")
def test_many_are_redriven_by_filter_once_somebody_agreed(home: Home) -> None:
    recent, old, failed, other = (
        home.take(*words).task_id
        for words in (("github", "issue_comment"),) * 3 + (("jira", "comment_created"),)
    )
    end(home, recent, ago=timedelta(hours=2))
    end(home, old, ago=timedelta(days=9))
    end(home, failed, "failed")
    end(home, other)
    dry = home.told("queue", "redrive", "--provider", "github", "--since", "7d", "--dry-run")
    assert dry == {"redriven": [recent, failed], "dry_run": True}
    assert home.told("queue", "redrive", "--state", "failed", "--dry-run")["redriven"] == [failed]
    assert home.told("queue", "redrive", "--lane", LANE, "--dry-run")["redriven"] == [recent, old, failed]
    assert home.told("queue", "redrive", "--all", "--dry-run")["redriven"] == [recent, old, failed, other]
    unasked = home.run("queue", "redrive", "--all")
    assert (unasked.exit_code, "4 tasks would be queued again; say --yes" in unasked.stderr) == (2, True)
    assert state(home, old) == "dead"
    assert home.told("queue", "redrive", "--lane", LANE, "--yes")["redriven"] == [recent, old, failed]
    assert (state(home, old), state(home, other)) == ("queued", "dead")
    assert "1 of 1 tasks" in home.run("queue", "redrive", other).stdout
    assert sum(band["waiting"] for band in home.told("queue", "stats")["bands"]) == 4
    running = home.run("queue", "redrive", other)
    assert (running.exit_code, "neither failed nor dead; nothing was done" in running.stderr) == (1, True)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "say which tasks"),
        (("--state", "queued"), "expected one of dead, failed"),
        (("--since", "yesterday"), "expected as 90m, 24h, 7d"),
        (("--since", "999999d"), "expected as 90m, 24h, 7d"),
        (("0195d000", "--all"), "expected ids or filters, not both"),
    ],
)
def test_an_unclear_redrive_is_refused(home: Home, words: tuple[str, ...], expected: str) -> None:
    result = home.run("queue", "redrive", *words)
    assert (result.exit_code, expected in result.stderr) == (2, True), result.stderr


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "two\nlines", "\x1b[31m"])
def test_a_worker_has_a_name_that_people_can_read(home: Home, name: str) -> None:
    result = home.run("workers", "add", name)
    assert (result.exit_code, "expected 1 to 100 visible characters" in result.stderr) == (2, True)
    assert home.told("workers", "list")["workers"] == []


@pytest.mark.parametrize("url", ["postgresql://u:hunter2@h:port/x", "postgresql://u:hunter2@[::1/x"])
def test_a_malformed_address_of_the_database_is_told(home: Home, url: str) -> None:
    result = home.run("tasks", "list", DATABASE_URL=url)
    assert (result.exit_code, "DATABASE_URL is not a URL" in result.stderr) == (2, True)
    assert "hunter2" not in result.output


def test_help_on_pruning_names_the_section(home: Home) -> None:
    assert "[retention]" in home.run("db", "prune", "--help").stdout
    assert home.run("db", "prune", "--keys-days", "4000000").exit_code == 2


@pytest.mark.usefixtures("url")
def test_outsiders_text_steers_no_terminal(home: Home) -> None:
    dead = home.take("github", "issue_comment")
    end(home, dead.task_id)
    commands = (
        ("queue", "redrive", "--all", "--dry-run"),
        ("queue", "pause", "--reason", HOSTILE),
        ("queue", "pause", "--lane", f"github:{HOSTILE.strip()}"),
        ("queue", "stats"),
        ("queue", "stats", "--json"),
        ("queue", "resume"),
    )
    for words in commands:
        result = home.run(*words)
        assert result.exit_code == 0, result.stderr
        assert not [mark for mark in STEERING if mark in result.output], words
