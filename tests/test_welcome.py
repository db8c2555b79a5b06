"""What a start tells people, word for word: addresses, where each secret is, and what has no route."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from gateways import Gateway
from hookline.configuration import settings_for_serving
from hookline.console.welcome import missing_routes, welcome
from signed_webhooks import SECRETS

GITHUB_FIELD = "paste it at the repository's or App's Settings, Webhooks, field Secret"
JIRA_FIELD = "paste it at Jira's Settings, System, WebHooks, field Secret"
SLACK_PLACE = "copy the Signing Secret from your Slack app's Basic Information"
SENTRY_PLACE = "copy the Client Secret from your internal integration in Sentry"
DEVELOPMENT = "        development secret, known to `hookline send` only"
PUBLIC, ADMIN = "http://127.0.0.1:8000", "http://127.0.0.1:8001"
ENDING = [
    f"admin   {ADMIN}/health/ready, {ADMIN}/metrics",
    f"ready: webhooks at {PUBLIC}",
]
ALL_SET = {variable: secret.decode() for variable, secret in SECRETS.items()}
FURTHER = """
[[sources]]
provider = "jira"
name = "second"
secret_env = "SECOND_JIRA_SECRET"

[[sources]]
provider = "slack"
name = "partners"
secret_env = "PARTNERS_SIGNING_SECRET"

[[sources]]
provider = "github"
name = "mirror"
secret_env = "MIRROR_SECRET"
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder whose name looks like markup, in a folder that has no settings."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "a [red]home? 100%41"


def told(home: Path, environment: Mapping[str, str], file: str = "") -> tuple[list[str], list[str]]:
    """What is said before a start, and once it is ready."""
    home.mkdir(mode=0o700, exist_ok=True)
    (home / "hookline.toml").write_text(file)
    settings = settings_for_serving({"HOOKLINE_HOME": str(home), **environment})
    return list(missing_routes(settings)), list(welcome(settings, PUBLIC, ADMIN))


def test_a_first_start_says_where_to_paste_what_it_made(home: Path) -> None:
    made = home / "secrets.json"
    assert told(home, {}) == (
        [],
        [
            f"github  {PUBLIC}/webhooks/github",
            f"        secret: GITHUB_WEBHOOK_SECRET in {made}; {GITHUB_FIELD}",
            f"jira    {PUBLIC}/webhooks/jira",
            f"        secret: JIRA_WEBHOOK_SECRET in {made}; {JIRA_FIELD}",
            f"slack   {PUBLIC}/webhooks/slack",
            f"{DEVELOPMENT}; {SLACK_PLACE}, and set SLACK_SIGNING_SECRET",
            f"sentry  {PUBLIC}/webhooks/sentry",
            f"{DEVELOPMENT}; {SENTRY_PLACE}, and set SENTRY_WEBHOOK_SECRET",
            *ENDING,
        ],
    )


def test_secrets_that_were_set_are_named_by_their_variables(home: Path) -> None:
    assert told(home, ALL_SET) == (
        [],
        [
            f"github  {PUBLIC}/webhooks/github",
            f"        secret: GITHUB_WEBHOOK_SECRET, which you set; {GITHUB_FIELD}",
            f"jira    {PUBLIC}/webhooks/jira",
            f"        secret: JIRA_WEBHOOK_SECRET, which you set; {JIRA_FIELD}",
            f"slack   {PUBLIC}/webhooks/slack",
            "        secret: SLACK_SIGNING_SECRET, which you set",
            f"sentry  {PUBLIC}/webhooks/sentry",
            "        secret: SENTRY_WEBHOOK_SECRET, which you set",
            *ENDING,
        ],
    )


def test_a_further_source_has_its_own_address_and_variable(home: Path) -> None:
    own = {"SECOND_JIRA_SECRET": "s" * 32, "PARTNERS_SIGNING_SECRET": "p" * 32}
    before, ready = told(home, {**ALL_SET, **own}, FURTHER)
    assert before == ["no route for github/mirror: MIRROR_SECRET is not set"]
    assert ready[8:] == [
        f"jira    {PUBLIC}/webhooks/jira/second",
        f"        secret: SECOND_JIRA_SECRET, which you set; {JIRA_FIELD}",
        f"slack   {PUBLIC}/webhooks/slack/partners",
        "        secret: PARTNERS_SIGNING_SECRET, which you set",
        *ENDING,
    ]


def test_a_default_source_with_a_variable_of_its_own_is_not_told_of_a_made_secret(home: Path) -> None:
    own = '[[sources]]\nprovider = "github"\nsecret_env = "OUR_SECRET"\n'
    _, ready = told(home, {"OUR_SECRET": "o" * 32}, own)
    assert f"        secret: OUR_SECRET, which you set; {GITHUB_FIELD}" in ready
    assert not [line for line in ready if "GITHUB_WEBHOOK_SECRET" in line]


def test_without_any_secret_nothing_has_a_route(home: Path) -> None:
    before, ready = told(home, {"DATABASE_URL": "postgresql://db.example.com/hookline"})
    assert before == [
        "no route for github/default: GITHUB_WEBHOOK_SECRET is not set",
        "no route for jira/default: JIRA_WEBHOOK_SECRET is not set",
        "no route for slack/default: SLACK_SIGNING_SECRET is not set",
        "no route for sentry/default: SENTRY_WEBHOOK_SECRET is not set",
    ]
    assert ready == ENDING


def test_providers_are_told_the_public_address(home: Path) -> None:
    _, ready = told(home, ALL_SET, '[server]\npublic_url = "https://hooks.example.com/in/"\n')
    assert ready[0] == "github  https://hooks.example.com/in/webhooks/github"
    assert ready[-1] == f"ready: webhooks at {PUBLIC}"


def test_no_secret_is_told(home: Path) -> None:
    before, ready = told(home, {**ALL_SET, "SECOND_JIRA_SECRET": "s" * 32}, FURTHER)
    said = "\n".join([*before, *ready])
    assert not [secret for secret in (*ALL_SET.values(), "s" * 32) if secret in said]


@pytest.mark.integration
def test_a_real_start_says_it_as_it_is(home: Path) -> None:
    home.mkdir(mode=0o700)
    (home / "hookline.toml").write_text(FURTHER)
    bare = dict.fromkeys(ALL_SET, "")
    running = Gateway(home, extra={**bare, "SECOND_JIRA_SECRET": "s" * 32}).start()
    assert running.stop() == 0
    settings = settings_for_serving({"HOOKLINE_HOME": str(home), "SECOND_JIRA_SECRET": "s" * 32})
    expected = [*missing_routes(settings), *welcome(settings, running.url, running.admin_url)]
    assert "".join(running.output).splitlines() == expected
    assert (home / "hookline.db").is_file()
    assert "no route for slack/partners: PARTNERS_SIGNING_SECRET is not set" in expected
