"""`hookline send`, against a small server that checks signatures as the gateway does."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from typer.testing import Result

from command_line import Home, empty_home, home
from hookline.bootstrap import make_handlers
from hookline.clock import utc_now
from hookline.configuration import settings_for_reading
from hookline.domain.delivery import Delivery, RequestHead
from hookline.domain.errors import SignatureRejectedError
from hookline.domain.ids import DeliveryId
from hookline.domain.outcome import Outcome, TaskRequested
from hookline.registry import PROVIDERS

__all__ = ["empty_home", "home"]

EVENTS = [(name, event) for name, provider in PROVIDERS.items() for event in provider.samples.events]


@dataclass
class Reception:
    """Deliveries that were received and verified, and how the next ones are answered."""

    home: Home
    server: ThreadingHTTPServer
    outcomes: list[Outcome] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    code: int = 202
    body: bytes = b'{"status":"accepted","task_id":"t-1"}'

    @property
    def port(self) -> int:
        return self.server.server_port

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        handlers = make_handlers(settings_for_reading(self.home.environment))
        handler = next(h for h in handlers if h.source.path == path)
        delivery = Delivery(DeliveryId("d"), RequestHead(headers, utc_now(), "127.0.0.1"), body)
        try:
            handler.verify(delivery)
        except SignatureRejectedError:
            return 401
        self.paths.append(path)
        self.outcomes.append(handler.interpret(delivery))
        return self.code

    def send(self, *words: str, **environment: str) -> Result:
        return self.home.run("send", *words, HOOKLINE_PORT=str(self.port), **environment)


@pytest.fixture
def reception(home: Home) -> Iterator[Reception]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            code = told.take(self.path, headers, body)
            self.send_response(code)
            self.send_header("content-length", str(len(told.body)))
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told = Reception(home, server)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("provider", "event"), EVENTS)
def test_every_sample_is_accepted_by_its_handler(reception: Reception, provider: str, event: str) -> None:
    result = reception.send(provider, event)
    assert result.exit_code == 0, result.output
    assert reception.paths == [f"/webhooks/{provider}"]


def test_the_answer_is_shown(reception: Reception) -> None:
    result = reception.send("github", "issue_comment", "--text", "@agent fix the login test")
    assert result.stdout.splitlines()[0].startswith("202 http://127.0.0.1:")
    assert "t-1" in result.stdout
    (outcome,) = reception.outcomes
    assert isinstance(outcome, TaskRequested)
    assert (outcome.command.verb, outcome.command.text) == ("fix", "the login test")


def test_a_text_that_is_no_text_is_sent_as_far_as_it_is(reception: Reception) -> None:
    result = reception.send("github", "issue_comment", "--text", "@agent fix the \udcff test")
    assert result.exit_code == 0, result.output
    (outcome,) = reception.outcomes
    assert isinstance(outcome, TaskRequested)
    assert outcome.command.text == "the \ufffd test"


def test_the_answer_is_told_to_programs(reception: Reception) -> None:
    told = json.loads(reception.send("jira", "comment_created", "--json").stdout)
    assert told["answers"] == [{"code": 202, "answer": {"status": "accepted", "task_id": "t-1"}}]
    assert told["sent"] == 1


def test_many_are_many_subjects(reception: Reception) -> None:
    result = reception.send("sentry", "issue", "--count", "20")
    assert result.exit_code == 0
    assert "202 accepted  20" in result.stdout
    keys = [outcome.keys for outcome in reception.outcomes if isinstance(outcome, TaskRequested)]
    assert len({key for each in keys for key in each}) == sum(map(len, keys))


def test_parts_are_set_before_signing(reception: Reception) -> None:
    result = reception.send(
        "github", "issue_comment", "--set", "issue.number=12", "--set", "issue.title=A = b"
    )
    assert result.exit_code == 0, result.stderr
    assert reception.outcomes[0].facts.conversation == "github:octo/app#12"
    assert reception.outcomes[0].facts.title == "A = b"


def test_another_action_is_sent(reception: Reception) -> None:
    reception.send("github", "issue_comment", "--action", "deleted")
    assert reception.outcomes[0].facts.action == "deleted"


def test_a_refusal_fails_and_is_shown(reception: Reception) -> None:
    reception.body = b'{"status":"unauthorized"}'
    result = reception.send("github", "ping", "--secret-env", "OTHER", OTHER="not the secret that was set")
    assert result.exit_code == 1
    assert "401" in result.stdout
    assert "1 of 1 not accepted" in result.stderr


def test_an_answer_steers_no_terminal(reception: Reception) -> None:
    reception.code, reception.body = 500, b"\x1b[31mno\xc2\x9b[bold]"
    result = reception.send("github", "ping")
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout
    assert "\x9b" not in result.stdout
    assert "[31mno" in result.stdout


def test_nobody_listening_is_told(home: Home) -> None:
    result = home.run("send", "github", "ping")
    assert result.exit_code == 1
    assert "is `hookline serve` running there?" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "--list"),
        (("github",), "--list"),
        (("gitlab", "push"), "there is no provider gitlab; expected one of github, jira, slack, sentry"),
        (("github", "pushed"), "expected one of check_run, discussion"),
        (("github", "ping", "--source", "second"), "has no source second; configured: default"),
        (("github", "ping", "--set", "x"), "expected path=value"),
        (("github", "ping", "--secret-env", "UNSET_HERE"), "UNSET_HERE is not set"),
    ],
)
def test_wrong_usage_is_one_sentence(home: Home, words: tuple[str, ...], told: str) -> None:
    result = home.run("send", *words)
    assert result.exit_code == 2
    assert told in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_path_that_leads_nowhere_is_told(home: Home) -> None:
    result = home.run("send", "github", "ping", "--set", "zen.first=x")
    assert result.exit_code == 1
    assert "zen.first" in result.stderr


def test_a_missing_secret_names_its_variable(empty_home: Home) -> None:
    result = empty_home.run("send", "github", "ping", GITHUB_WEBHOOK_SECRET="")
    assert result.exit_code == 2
    assert "set GITHUB_WEBHOOK_SECRET" in result.stderr
    assert "hookline serve" in result.stderr


def test_another_source_is_sent_to_its_own_path(reception: Reception) -> None:
    (reception.home.path / "hookline.toml").write_text(
        '[[sources]]\nprovider = "jira"\nname = "second"\nsecret_env = "SECOND_SECRET"\n'
    )
    reception.home.environment["SECOND_SECRET"] = "the secret of the second site"
    result = reception.send("jira", "comment_created", "--source", "second")
    assert result.exit_code == 0, result.stderr
    assert reception.paths == ["/webhooks/jira/second"]
    assert reception.outcomes[0].facts.conversation.startswith("jira@second:")


def test_another_gateway_is_sent_to(reception: Reception) -> None:
    result = reception.home.run("send", "github", "ping", "--url", f"http://localhost:{reception.port}/")
    assert result.exit_code == 0, result.stderr
    assert reception.paths == ["/webhooks/github"]


@pytest.mark.parametrize("url", ["notaurl", "not a url", "ftp://example.com", "http://[::1", "http://"])
def test_an_address_that_is_none_is_told(home: Home, url: str) -> None:
    result = home.run("send", "github", "ping", "--url", url)
    assert result.exit_code in {1, 2}
    assert len(result.stderr.splitlines()) == 1


def test_a_sample_is_printed_instead_of_posted(home: Home) -> None:
    told = home.told("send", "slack", "command", "--print")
    assert told["url"].endswith("/webhooks/slack")
    assert told["headers"]["x-slack-signature"].startswith("v0=")
    assert "command=%2Fagent" in told["body"]
    shown = home.run("send", "slack", "command", "--print").stdout
    assert shown.startswith("POST http://127.0.0.1:9/webhooks/slack\n")
    assert "text=analyze+this" in shown


def test_all_that_can_be_sent_is_listed(home: Home) -> None:
    told = home.told("send", "--list")
    assert [(e["provider"], e["event"]) for e in told["events"]] == EVENTS
    assert told["next"] is None
    assert len(home.run("send", "--list").stdout.splitlines()) == len(EVENTS) + 1
