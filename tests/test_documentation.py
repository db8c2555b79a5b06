"""What the documents name exists: paths, commands, options, variables, metrics, keys, links, reasons."""

import os
import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest
from prometheus_client import CollectorRegistry
from pydantic import BaseModel, JsonValue

from architecture.project import ROOT, files_in
from documentation import (
    Document,
    document,
    documents,
    fault_of,
    first_column,
    hookline_commands,
    is_there,
    paths_in,
)
from hookline.core.circuit_breaker import CircuitPolicy
from hookline.core.default_rules import DEFAULT_RULES
from hookline.core.intake import IntakeLimits
from hookline.core.metrics import Metrics
from hookline.core.retry import RetryPolicy
from hookline.dashboard.app import admin_app
from hookline.domain.command import Option, Verb
from hookline.domain.outcome import Reason, Trigger
from hookline.domain.rules import Allow, Caps, Match, Run
from hookline.domain.source import MEBIBYTE, Source
from hookline.gateway.admission import AdmissionLimits
from hookline.gateway.body import BodyDeadline
from hookline.gateway.receipts import LARGE_BODY
from hookline.registry import TRAITS
from hookline.serving import MULTIPROCESS_VARIABLE
from hookline.settings import load_settings
from hookline.settings_file import FileSettings, RetentionSection, ServerSection, SourceSection, read_file
from hookline.storage.models import Base

EXAMPLE = ROOT / "docs" / "hookline.toml.example"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
VARIABLE = re.compile(r"(?<![\w.])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?!\w)")
OF_OTHERS = frozenset({"SO_REUSEPORT"})
METRIC = re.compile(r"(?<![/\w])(?:webhook|intake|relay|circuit|tasks_in|task_processing)_\w+")
SKILLS = [page for page in documents() if page.path.name == "SKILL.md"]


class Recorder(dict[str, str]):
    """An environment that remembers what was asked of it."""

    def __init__(self, **values: str) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, key: str, default: str | None = None) -> str | None:
        self.asked.add(key)
        return super().get(key, default)


@pytest.fixture
def variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Every environment variable that settings read."""
    monkeypatch.chdir(tmp_path)
    environment = Recorder(XDG_DATA_HOME=str(tmp_path))
    _ = load_settings(environment, TRAITS, {})
    secrets = {traits.secret_variable for traits in TRAITS.values()}
    return environment.asked | secrets | {f"{secret}_PREVIOUS" for secret in secrets}


def constants() -> set[str]:
    """Names of the code's constants that other modules may use."""
    text = "\n".join(path.read_text("utf-8") for path in files_in("src", suffix=".py"))
    return set(re.findall(r"^([A-Z][A-Z0-9_]+)(?::[^=]+)? = ", text, re.MULTILINE))


def metrics() -> set[str]:
    """The names under which metrics are shown."""
    registry = CollectorRegistry()
    _ = Metrics(registry)
    return {f"{m.name}_total" if m.type == "counter" else m.name for m in registry.collect()}


def code_of(page: Document) -> str:
    return "\n".join(page.lines)


def everywhere() -> dict[str, Document]:
    return {page.name: page for page in documents()}


def test_the_pages_are_there() -> None:
    assert everywhere().keys() >= {
        "README.md",
        "CHANGELOG.md",
        "CLAUDE.md",
        "AGENTS.md",
        "docs/architecture.md",
        "docs/decisions/README.md",
    }
    assert {page.path.parent.name for page in SKILLS} == {
        "circuit-breaking",
        "queue-management",
        "retry-logic",
        "signature-validation",
        "task-logging",
        "webhook-handling",
    }


def test_every_path_exists() -> None:
    missing = {name: [p for p in paths_in(page) if not is_there(p)] for name, page in everywhere().items()}
    assert {name: paths for name, paths in missing.items() if paths} == {}


def test_every_script_can_be_run() -> None:
    named = {path for page in documents() for path in paths_in(page) if path.startswith("scripts/")}
    assert named >= {"scripts/run", "scripts/test", "scripts/check"}
    assert [path for path in named if (ROOT / path).is_file() and not os.access(ROOT / path, os.X_OK)] == []


def test_every_command_is_understood() -> None:
    asked = [(name, line) for name, page in everywhere().items() for line in hookline_commands(page)]
    assert len(asked) > 40
    assert {(name, line): fault for name, line in asked if (fault := fault_of(line))} == {}


def test_every_variable_is_read(variables: set[str]) -> None:
    known = variables | constants() | {MULTIPROCESS_VARIABLE} | OF_OTHERS
    unknown = {name: set(VARIABLE.findall(code_of(page))) - known for name, page in everywhere().items()}
    assert {name: words for name, words in unknown.items() if words} == {}


def test_every_variable_that_is_read_is_explained(variables: set[str]) -> None:
    assert variables - set(VARIABLE.findall(code_of(document("docs/configuration.md")))) == set()


def test_every_metric_is_registered() -> None:
    found = {name: set(METRIC.findall(code_of(page))) - metrics() for name, page in everywhere().items()}
    assert {name: words for name, words in found.items() if words} == {}


def test_every_metric_is_explained() -> None:
    table = document("docs/metrics.md").text.partition("## ")[0]
    assert first_column(table) == metrics()


def test_every_admin_path_is_served() -> None:
    served = {getattr(route, "path", "") for route in _flat(admin_app([], bytes, []).routes)}
    named = {word for page in documents() for word in page.words if re.match(r"/(health|metrics)\b", word)}
    assert named >= {"/health/ready", "/health/live", "/metrics"}
    assert named - served == set()


def _flat(routes: list) -> list:
    return [inner for route in routes for inner in (route, *_flat(_inner(route)))]


def _inner(route: object) -> list:
    router = getattr(route, "original_router", None)
    return list(getattr(router, "routes", ()))


def test_every_link_leads_somewhere() -> None:
    broken: list[tuple[str, str]] = []
    for page in documents():
        for link in page.links:
            place, _, anchor = link.partition("#")
            if place.startswith(("https://", "http://")):
                continue
            target = (page.path.parent / place).resolve() if place else page.path
            if not target.exists() or (anchor and anchor not in Document(target, target.read_text()).anchors):
                broken.append((page.name, link))
    assert broken == []


def test_every_page_can_be_found() -> None:
    linked = {
        (page.path.parent / link.partition("#")[0]).resolve() for page in documents() for link in page.links
    }
    pages = files_in("docs", suffix=".md")
    assert [page for page in pages if page not in linked] == []


def test_every_example_of_the_file_is_valid(tmp_path: Path) -> None:
    examples = [block for page in documents() for kind, block in page.blocks if kind == "toml"]
    assert examples
    path = tmp_path / "hookline.toml"
    for example in [*examples, EXAMPLE.read_text("utf-8")]:
        path.write_text(example)
        assert isinstance(read_file(path), FileSettings)


def missing_keys(model: type[BaseModel], values: JsonValue, at: str = "") -> list[str]:
    """Keys of a model that no part of an example has."""
    parts = [part for part in (values if isinstance(values, list) else [values]) if isinstance(part, dict)]
    missing: list[str] = []
    for name, field in model.model_fields.items():
        given = [part[name] for part in parts if name in part]
        inner = next((kind for kind in _kinds(field.annotation) if _is_model(kind)), None)
        if not given:
            missing.append(at + name)
        elif inner is not None:
            flat = [item for value in given for item in (value if isinstance(value, list) else [value])]
            missing += missing_keys(inner, flat, f"{at}{name}.")
    return missing


def _kinds(annotation: object) -> list:
    return [annotation, *(kind for part in get_args(annotation) for kind in _kinds(part))]


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def test_the_example_has_every_key() -> None:
    assert missing_keys(FileSettings, tomllib.loads(EXAMPLE.read_text("utf-8"))) == []
    assert missing_keys(Caps, [{"lane": 1}, {"person": 2}]) == ["source"]


@pytest.mark.parametrize(
    ("name", "models"),
    [
        ("docs/configuration.md", (ServerSection, SourceSection, RetentionSection, Caps)),
        ("docs/commands-and-rules.md", (Match, Allow, Run)),
    ],
)
def test_every_key_is_explained(name: str, models: tuple[type[BaseModel], ...]) -> None:
    keys = {key for model in models for key in model.model_fields}
    assert keys - document(name).words == set()


def test_every_word_of_rules_and_commands_is_explained() -> None:
    words = {word.value for kind in (Reason, Trigger, Verb) for word in kind}
    words |= {f"{option.value}=" for option in Option} | {rule.name for rule in DEFAULT_RULES}
    assert words - document("docs/commands-and-rules.md").words == set()


def test_every_table_and_event_is_explained() -> None:
    page = document("docs/storage-and-queue.md")
    source = "\n".join(path.read_text("utf-8") for path in files_in("src/hookline/storage", suffix=".py"))
    events = set(re.findall(r'"(task\.[a-z_]+)"', source))
    assert len(events) > 2
    assert (set(Base.metadata.tables) | events) - page.words == set()


def test_the_limits_are_those_of_the_code() -> None:
    intake, room, body = IntakeLimits(), AdmissionLimits(), BodyDeadline()
    mebibytes = [size // MEBIBYTE for size in (intake.batch_bytes, room.small_bytes, room.large_bytes)]
    text = " ".join(document("docs/receiving.md").text.split())
    for limit in (
        f"at most {intake.batch} deliveries or {mebibytes[0]} MiB in one transaction",
        f"waits at most {intake.patience.total_seconds():g} seconds",
        f"| up to {room.small_body // MEBIBYTE} MiB | {mebibytes[1]} MiB |",
        f"| larger | {mebibytes[2]} MiB |",
        f"{room.failures} recent bad signatures (one is forgiven every {room.forgive_seconds:g} seconds)",
        f"Bodies over {LARGE_BODY // MEBIBYTE} MiB are parsed in a thread",
        f"`max_body_mib`, {Source('x').max_body // MEBIBYTE} by default",
        f"`body_seconds` ({body.base.total_seconds():g}), and one second for each MiB",
    ):
        assert limit in text


def test_the_numbers_of_the_guides_are_those_of_the_code() -> None:
    circuit, retry = CircuitPolicy(), RetryPolicy(lambda: 0.0)
    rows = {
        "circuit-breaking": {
            "failure_rate": f"{circuit.failure_rate:g}",
            "minimum_calls": f"{circuit.minimum_calls}",
            "window": f"{circuit.window.total_seconds():g} s",
            "open_for": f"{circuit.open_for.total_seconds():g} s",
        },
        "retry-logic": {
            "first": f"{retry.first.total_seconds() * 1000:g} ms",
            "factor": f"{retry.factor:g}",
            "longest": f"{retry.longest.total_seconds():g} s",
            "attempts": f"{retry.attempts}",
            "total": f"{retry.total.total_seconds() / 60:g} min",
        },
    }
    for name, fields in rows.items():
        table = document(f".claude/skills/{name}/SKILL.md").text
        for field, value in fields.items():
            assert re.search(rf"^\| `{field}` \|.*\| {re.escape(value)} \|$", table, re.MULTILINE), field
    for field, info in RetentionSection.model_fields.items():
        assert f"| `{field}` | {info.default} |" in document("docs/configuration.md").text


@pytest.mark.parametrize("page", SKILLS, ids=lambda page: page.path.parent.name)
def test_a_guide_says_what_it_is_for(page: Document) -> None:
    _, front, body = page.text.split("---\n", 2)
    matter = dict(line.split(": ", 1) for line in front.splitlines())
    assert matter["name"] == page.path.parent.name
    assert len(matter["description"]) > 60
    assert 40 <= len(page.text.splitlines()) <= 70
    assert "## Check" in body
    assert page.name in everywhere()["CLAUDE.md"].words


def test_every_decision_is_listed() -> None:
    decisions = [path.name for path in files_in("docs/decisions", suffix=".md") if path.name != "README.md"]
    assert document("docs/decisions/README.md").links == decisions
    assert [name[:4] for name in decisions] == [f"{number:04d}" for number in range(1, len(decisions) + 1)]


def test_every_dependency_has_its_reason() -> None:
    groups = PYPROJECT["dependency-groups"]
    wanted = {
        "At run time": PYPROJECT["project"]["dependencies"],
        "To build": groups["build"],
        "To develop": [entry for entry in groups["dev"] if isinstance(entry, str)],
    }
    sections = document("docs/decisions/0015-dependencies.md").sections()
    for title, requirements in wanted.items():
        names = {re.split(r"[\[<>=;, ]", requirement)[0] for requirement in requirements}
        assert first_column(sections[title]) == names


def test_every_lint_exception_has_its_reason() -> None:
    lint = PYPROJECT["tool"]["ruff"]["lint"]
    sections = document("docs/decisions/0016-lint-exceptions.md").sections()
    listed = {title: first_column(text) for title, text in sections.items()}
    everywhere_else = {place: set(rules) for place, rules in lint["per-file-ignores"].items()}
    assert listed == {"Everywhere": set(lint["ignore"]), **everywhere_else}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("tasks list --state queued", None),
        ("send --list", None),
        ('send github issue_comment --text "@agent fix it"', None),
        ("tasks log ID", None),
        ("--help", None),
        ("tasks", None),
        ("tasks lst", "no command lst"),
        ("tasks list --colour", "list: no option --colour"),
        ("tasks list --state", "list: --state needs a value"),
        ("tasks log ID again", "log: too many words: ID again"),
        ("send github no_such", "send: no sample github no_such"),
        ("--no-such", "no option --no-such"),
    ],
)
def test_a_command_that_would_fail_is_found(line: str, fault: str | None) -> None:
    assert fault_of(line) == fault


def test_a_page_is_taken_apart() -> None:
    text = "# A b\n\nsee `src/hookline/cli.py`, [x](y.md#z)\n\n## C\n\n```\nhookline doctor    looks\n```\n"
    page = Document(ROOT / "docs" / "x.md", text)
    assert list(paths_in(page)) == ["src/hookline/cli.py"]
    assert list(hookline_commands(page)) == ["doctor"]
    assert page.links == ["y.md#z"]
    assert page.anchors == {"a-b", "c"}


@pytest.mark.parametrize(
    ("path", "exists"), [("src/hookline/", True), ("src/nothing/", False), ("tests/*.py", True)]
)
def test_a_path_is_looked_up(path: str, exists: bool) -> None:
    assert is_there(path) is exists
