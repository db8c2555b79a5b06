"""Settings: defaults, the environment, the file, and one clear sentence for everything that is wrong."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from hookline.core.default_rules import DEFAULT_RULES
from hookline.domain.errors import ConfigurationError
from hookline.domain.queue import Terms
from hookline.embedded.made_secrets import make_secrets, read_made_secrets
from hookline.registry import TRAITS
from hookline.settings import Settings, load_settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def load(home: Path, file: str = "", made: Mapping[str, str] | None = None, **environment: str) -> Settings:
    if file:
        Path("hookline.toml").write_text(file, encoding="utf-8")
    return load_settings({"HOOKLINE_HOME": str(home), **environment}, TRAITS, made or {})


def test_everything_has_a_default(home: Path) -> None:
    settings = load(home)
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8000)
    assert (settings.server.admin_host, settings.server.admin_port) == ("127.0.0.1", 8001)
    assert settings.database_url == f"sqlite:///{home / 'hookline.db'}"
    assert settings.task_logs_dir == home / "task-logs"
    assert (settings.redis_url, settings.is_embedded, settings.handle) == (None, True, "agent")
    assert (settings.rules, settings.has_own_rules) == (DEFAULT_RULES, False)
    assert settings.sources == ()
    assert {missing.variable for missing in settings.secretless} == {
        traits.secret_variable for traits in TRAITS.values()
    }


def test_the_environment_wins_over_the_file(home: Path) -> None:
    settings = load(
        home, "[server]\nport = 9000\nadmin_port = 9001\n", HOOKLINE_PORT="9100", HOOKLINE_HOST="::"
    )
    assert (settings.server.host, settings.server.port, settings.server.admin_port) == ("::", 9100, 9001)


def test_a_mistyped_variable_is_told_with_the_one_that_it_resembles(home: Path) -> None:
    with pytest.raises(ConfigurationError, match="HOOKLINE_PROT is no variable of Hookline: HOOKLINE_PORT"):
        load(home, HOOKLINE_PROT="9000")


def test_lanes_have_weights_and_caps_by_the_first_section_that_matches(home: Path) -> None:
    file = """
    [[lanes]]
    lane = "github:octo/app"
    weight = 4
    [[lanes]]
    lane = "github:*"
    cap = 2
    [queue]
    partitions = 4
    """
    settings = load(home, file)
    lanes = ("github:octo/app", "github:octo/application", "jira:SHOP")
    assert [settings.terms_of(lane) for lane in lanes] == [Terms(4.0, 0), Terms(1.0, 2), Terms()]
    assert settings.partitions == 4


def test_a_lease_holds_a_minute_or_as_long_as_it_is_set_to(home: Path) -> None:
    assert load(home).lease == timedelta(minutes=1)
    assert load(home, "[queue]\nlease_seconds = 2.5\n").lease == timedelta(seconds=2.5)
    with pytest.raises(ConfigurationError, match=r"queue\.lease_seconds"):
        load(home, "[queue]\nlease_seconds = 0.5\n")


def test_variables_beside_ours_are_nobody_s_mistake(home: Path) -> None:
    file = "[[sources]]\nprovider = 'jira'\nname = 'two'\nsecret_env = 'HOOKLINE_HOSTS'\n"
    beside = {"HOOKLINE_SERVICE_HOST": "10.0.0.1", "HOOKLINE_PORT_8000_TCP_PORT": "8000", "LINE_HOME": "x"}
    assert load(home, file, HOOKLINE_HOSTS="new", HOOKLINE_HOSTS_PREVIOUS="old", **beside).sources


def test_a_secret_and_its_previous_one_make_a_source(home: Path) -> None:
    settings = load(home, GITHUB_WEBHOOK_SECRET="n3w", GITHUB_WEBHOOK_SECRET_PREVIOUS="old")
    (source,) = settings.sources
    assert (source.provider, source.path, source.secrets) == ("github", "/webhooks/github", (b"n3w", b"old"))
    assert "n3w" not in repr(settings)


def test_urls_with_passwords_are_not_shown(home: Path) -> None:
    settings = load(home, DATABASE_URL="postgresql://u:pa55@db/x", REDIS_URL="redis://:pa55@queue")
    assert "pa55" not in repr(settings)


def test_an_empty_secret_is_none(home: Path) -> None:
    assert load(home, GITHUB_WEBHOOK_SECRET="").sources == ()


def test_made_secrets_serve_the_embedded_default_only(home: Path) -> None:
    made = {"GITHUB_WEBHOOK_SECRET": "made"}
    assert load(home, made=made).made_secrets == {"GITHUB_WEBHOOK_SECRET"}
    assert load(home, made=made, DATABASE_URL="postgresql://db/x").sources == ()


def test_further_sources_have_their_own_path_and_realm(home: Path) -> None:
    file = """
    [[sources]]
    provider = "jira"
    name = "second"
    secret_env = "SECOND_JIRA"
    bot_names = ["5b10"]
    max_body_mib = 1

    [[sources]]
    provider = "github"
    name = "mirror"
    secret_env = "MIRROR"
    """
    settings = load(home, file, SECOND_JIRA="one", MIRROR="two")
    jira, github = settings.sources
    assert (jira.path, jira.namespace, jira.max_body) == ("/webhooks/jira/second", "jira@second", 1024 * 1024)
    assert (github.path, github.namespace) == ("/webhooks/github/mirror", "github")


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("colour = 'red'", "colour: unknown key; expected one of caps, handle, "),
        ("handle = 5", "hookline.toml: handle: Input should be a valid string"),
        ("handle = 'a b'", "hookline.toml: handle: String should match"),
        ("[server]\nport = 70000", "server.port: Input should be less than or equal to 65535"),
        ("[server]\nport = '80'", "server.port: Input should be a valid integer"),
        ("[server]\ntrusted_proxies = ['everyone']", "server.trusted_proxies.0"),
        ("[[rules]]\nname = 'x'\n[rules.run]\npriority = 'urgent'", "rules.0.run.priority: Input should be"),
        ("[[rules]]\nname = 'x'\n[rules.allow]\nwrite_permission = true", "rules.0.allow.write_permission"),
        (
            "[[rules]]\nname = 'x'\n[rules.match]\nproviders = ['github']",
            "rules.0.match.providers: unknown key; expected one of action, ",
        ),
        ("[caps]\nlane = 0", "caps.lane"),
        ("[[sources]]\nprovider = 'gitlab'", "hookline.toml: sources: there is no provider gitlab"),
        (
            "[[rules]]\nname = 'x'\n[rules.match]\nprovider = ['githb']",
            "hookline.toml: rules.0.match.provider: there is no provider githb; expected some of",
        ),
        (
            "[[rules]]\nname = 'x'\n[rules.match]\ntrigger = ['menton']",
            "rules.0.match.trigger.0: Input",
        ),
        ("[[rules]]\nname = 'x'\n[rules.match]\nverb = ['fxi']", "rules.0.match.verb.0: Input should be"),
        (
            "[[rules]]\nname = 'x'\n[rules.allow]\nassociations = ['OWNR']",
            "rules.0.allow.associations.0",
        ),
        ("[retention]\nkeys_days = 4000000", "retention.keys_days: "),
        ("[retention]\nkeys_days = 20", "retention: Value error, keys_days must be at least"),
        ("[[sources]]\nprovider = 'jira'\nname = 'two'", "jira/two needs secret_env"),
        (
            "[[sources]]\nprovider = 'jira'\n[[sources]]\nprovider = 'jira'",
            "two sources on one path: /webhooks/jira",
        ),
        ("not toml", "hookline.toml: not valid TOML"),
    ],
)
def test_a_wrong_file_is_told_in_one_sentence(home: Path, file: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(home, file)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HOOKLINE_PORT", "http"),
        ("HOOKLINE_ADMIN_PORT", "-1"),
        ("HOOKLINE_PORT", "٣"),
        ("HOOKLINE_PORT", "00000099999"),
        ("HOOKLINE_WORKERS", "0"),
        ("HOOKLINE_WORKERS", "00000199"),
        ("GITHUB_WEBHOOK_SECRET", "\udcff"),
        ("HOOKLINE_CONFIG", "/nowhere/hookline.toml"),
    ],
)
def test_a_wrong_variable_is_named(home: Path, variable: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=variable):
        load(home, **{variable: value})


def test_a_file_that_is_not_utf8_is_told(home: Path) -> None:
    Path("hookline.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="not valid TOML"):
        load(home)


def test_made_secrets_are_private_kept_and_completed(tmp_path: Path) -> None:
    first = make_secrets(tmp_path, ["A"])
    second = make_secrets(tmp_path, ["A", "B"])
    assert second["A"] == first["A"] != second["B"]
    assert read_made_secrets(tmp_path) == second
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.json"]


def test_a_damaged_secrets_file_is_told_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("[1]")
    with pytest.raises(ConfigurationError, match=r"secrets\.json"):
        make_secrets(tmp_path, ["A"])
    assert (tmp_path / "secrets.json").read_text() == "[1]"
