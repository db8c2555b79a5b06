"""`hookline doctor`: what is wrong, in words, with a remedy."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from command_line import Home, empty_home, home
from hookline.configuration import settings_for_reading
from hookline.console.checked_parts import (
    ask_gateway,
    clock_finding,
    folder_findings,
    gateway_finding,
    redis_finding,
)
from hookline.console.findings import Finding, Level
from hookline.settings import Settings

__all__ = ["empty_home", "home"]

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WHOLE = """
handle = "robot"
[server]
public_url = "https://hooks.example.com"
[caps]
person = 10
[[rules]]
name = "builders"
match = { provider = ["slack"] }
allow = { users = ["U1", "U2"], channels = ["C1"] }
[[rules]]
name = "all"
match = { provider = ["github", "jira"] }
"""


def findings(home: Home, **environment: str) -> dict[str, dict]:
    result = home.run("doctor", "--json", **environment)
    assert result.exit_code in {0, 1}, result.output
    told = json.loads(result.stdout)["findings"]
    assert (result.exit_code == 1) == any(each["level"] == "problem" for each in told)
    assert all(each["remedy"] for each in told if each["level"] != "ok")
    return {each["about"]: each for each in told}


def settings(home: Home, **environment: str) -> Settings:
    return settings_for_reading({**home.environment, **environment})


def test_a_good_home_has_no_problem(home: Home) -> None:
    (home.path / "hookline.toml").write_text(WHOLE)
    found = findings(home)
    assert "problem" not in {each["level"] for each in found.values()}
    assert "hookline.toml" in found["settings"]["words"]
    assert found["public URL"]["level"] == "ok"
    assert found["hourly caps"]["words"] == "10 per person"
    assert found["database"]["level"] == "ok"
    assert found["gateway"]["words"] == "does not run"


def test_it_is_readable(home: Home) -> None:
    shown = home.run("doctor").stdout
    assert "warning  public URL: not set" in shown
    assert "\x1b" not in shown


def test_who_may_ask_is_told_by_the_rules(home: Home) -> None:
    (home.path / "hookline.toml").write_text(WHOLE)
    found = findings(home)
    assert found["who may ask: slack"]["words"] == "only users U1, U2 and channels C1 (by builders)"
    assert found["who may ask: slack"]["level"] == "ok"
    assert "collaborators" in found["who may ask: github"]["words"]
    assert found["who may ask: sentry"]["words"].startswith("nobody")


def test_slack_without_a_list_is_said_to_be_wide(home: Home) -> None:
    found = findings(home)["who may ask: slack"]
    assert found["level"] == "warning"
    assert "every member of the installed workspace" in found["words"]


def test_caps_that_are_off_are_said_to_be(home: Home) -> None:
    assert findings(home)["hourly caps"]["words"].startswith("off")


def test_secrets_are_judged(home: Home) -> None:
    found = findings(
        home, GITHUB_WEBHOOK_SECRET="short", JIRA_WEBHOOK_SECRET="", SLACK_SIGNING_SECRET_PREVIOUS="x" * 20
    )
    assert "guessable" in found["secret github/default"]["words"]
    assert found["secret jira/default"]["remedy"] == "set JIRA_WEBHOOK_SECRET to use it"
    assert "previous" in found["secret slack/default"]["words"]
    assert found["secret sentry/default"]["level"] == "ok"


def test_no_secret_is_ever_told(home: Home) -> None:
    shown = home.run("doctor").output + home.run("doctor", "--json").output
    assert not [secret for name, secret in home.environment.items() if "SECRET" in name and secret in shown]


def test_made_secrets_are_told_apart(empty_home: Home) -> None:
    made = {"GITHUB_WEBHOOK_SECRET": "g" * 32, "SLACK_SIGNING_SECRET": "s" * 32}
    (empty_home.path / "secrets.json").write_text(json.dumps(made))
    (empty_home.path / "secrets.json").chmod(0o600)
    for name in [name for name in empty_home.environment if "SECRET" in name]:
        del empty_home.environment[name]
    found = findings(empty_home)
    assert found["secret github/default"]["level"] == "ok"
    assert "paste it at" in found["secret github/default"]["remedy"]
    assert "only `hookline send` knows" in found["secret slack/default"]["words"]
    assert found["secret jira/default"]["level"] == "warning"


def test_a_source_is_judged_by_the_variable_that_it_names(empty_home: Home) -> None:
    (empty_home.path / "secrets.json").write_text(json.dumps({"JIRA_WEBHOOK_SECRET": "j" * 32}))
    (empty_home.path / "secrets.json").chmod(0o600)
    del empty_home.environment["JIRA_WEBHOOK_SECRET"]
    second = '[[sources]]\nprovider = "jira"\nname = "second"\nsecret_env = "JIRA_WEBHOOK_SECRET"\n'
    default = '[[sources]]\nprovider = "github"\nsecret_env = "OUR_SECRET"\n'
    (empty_home.path / "hookline.toml").write_text(second + default)
    found = findings(empty_home, OUR_SECRET="o" * 32)
    assert found["secret jira/second"]["words"] == "made by the embedded default"
    assert found["secret github/default"]["words"] == "set"


def test_no_secret_at_all_is_a_problem(empty_home: Home) -> None:
    bare = {name: "" for name in empty_home.environment if "SECRET" in name}
    assert findings(empty_home, **bare)["secrets"]["level"] == "problem"


def test_wrong_settings_are_a_finding(home: Home) -> None:
    (home.path / "hookline.toml").write_text("[server]\nprot = 1\n")
    found = findings(home)
    assert found["settings"]["level"] == "problem"
    assert "server.prot: unknown key" in found["settings"]["words"]


@pytest.mark.parametrize(
    ("server", "about", "level"),
    [
        ('public_url = "http://hooks.example.com"', "public URL", "warning"),
        ('admin_host = "0.0.0.0"', "admin listener", "warning"),
        ('admin_host = "admin.example.com"', "admin listener", "warning"),
        ('admin_host = "localhost"', "admin listener", "ok"),
        ('admin_host = "::1"', "admin listener", "ok"),
    ],
)
def test_the_server_section_is_judged(home: Home, server: str, about: str, level: str) -> None:
    (home.path / "hookline.toml").write_text(f"[server]\nadmin_port = 9\n{server}\n")
    assert findings(home)[about]["level"] == level


def test_the_database_is_asked(home: Home) -> None:
    unreachable = findings(home, DATABASE_URL="postgresql://me:hunter2@127.0.0.1:9/none")["database"]
    assert unreachable["level"] == "problem"
    assert "hunter2" not in json.dumps(unreachable)
    assert findings(home, DATABASE_URL="mysql://x/y")["database"]["level"] == "problem"
    (home.path / "hookline.db").unlink()
    assert "not there yet" in findings(home)["database"]["words"]
    (home.path / "hookline.db").touch()
    assert findings(home)["database"]["remedy"] == "run `hookline db upgrade`"


@pytest.mark.integration
def test_postgresql_is_asked_and_its_clock_compared(home: Home, migrated_postgres: str) -> None:
    found = findings(home, DATABASE_URL=migrated_postgres)
    assert found["database"]["level"] == "ok"
    assert found["clock of the database"]["words"].startswith("agrees")
    assert (
        json.loads(home.run("tasks", "list", "--json", DATABASE_URL=migrated_postgres).stdout)["tasks"] == []
    )


@pytest.mark.integration
def test_an_empty_postgresql_is_upgraded(home: Home, postgres_url: str) -> None:
    assert findings(home, DATABASE_URL=postgres_url)["database"]["level"] == "problem"
    assert home.run("db", "upgrade", DATABASE_URL=postgres_url).exit_code == 0
    assert findings(home, DATABASE_URL=postgres_url)["database"]["level"] == "ok"


def test_redis_is_asked(home: Home) -> None:
    assert findings(home)["redis"]["words"] == "embedded: runs while `hookline serve` does"
    down = findings(home, REDIS_URL="redis://127.0.0.1:9/0")["redis"]
    assert down["level"] == "problem"
    assert findings(home, REDIS_URL="http://x")["redis"]["remedy"] == "correct REDIS_URL"


def gateway(answer: httpx.Response) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(lambda _: answer))


def ready(date: datetime = NOW, **down: str) -> httpx.Response:
    told = {"status": "degraded" if down else "ready", "down": down}
    return httpx.Response(200, json=told, headers={"date": date.strftime("%a, %d %b %Y %H:%M:%S GMT")})


def test_a_running_gateway_tells_how_it_is(home: Home) -> None:
    with gateway(ready()) as client:
        answer = ask_gateway(settings(home), client)
    assert gateway_finding(answer).words == "runs, and is ready"
    assert asyncio.run(redis_finding(settings(home), answer)).words == "embedded, and runs"
    with gateway(ready(queue="does not answer")) as client:
        answer = ask_gateway(settings(home), client)
    assert gateway_finding(answer).level is Level.PROBLEM
    assert asyncio.run(redis_finding(settings(home), answer)).level is Level.PROBLEM


@pytest.mark.parametrize("answer", [httpx.Response(200, text="<html>"), httpx.Response(404, json={})])
def test_another_server_is_not_taken_for_a_gateway(home: Home, answer: httpx.Response) -> None:
    with gateway(answer) as client:
        assert ask_gateway(settings(home), client) is None


@pytest.mark.parametrize(
    ("apart", "level"),
    [
        (timedelta(seconds=20), Level.OK),
        (timedelta(seconds=40), Level.WARNING),
        (-timedelta(minutes=6), Level.WARNING),
    ],
)
def test_clocks_are_compared(home: Home, apart: timedelta, level: Level) -> None:
    with gateway(ready(NOW + apart)) as client:
        answer = ask_gateway(settings(home), client)
    assert clock_finding(answer, lambda: NOW).level is level


def test_a_clock_that_nobody_tells_is_not_compared() -> None:
    assert clock_finding(None, lambda: NOW).level is Level.OK


def of_folders(home: Home, writable: bool = True) -> dict[str, Finding]:
    told = folder_findings(settings(home), lambda _path, _mode: writable)
    return {finding.about: finding for finding in told}


def test_folders_are_judged(home: Home) -> None:
    assert of_folders(home)["home"].level is Level.OK
    assert "not there yet" in of_folders(home)["task logs"].words
    home.path.chmod(0o755)
    assert of_folders(home)["home"].level is Level.WARNING
    assert of_folders(home, writable=False)["home"].level is Level.PROBLEM


def test_made_secrets_that_others_can_read_are_a_problem(home: Home) -> None:
    place = Path(home.path / "secrets.json")
    place.write_text("{}")
    place.chmod(0o600)
    assert "made secrets" not in of_folders(home)
    place.chmod(0o644)
    assert of_folders(home)["made secrets"].level is Level.PROBLEM
