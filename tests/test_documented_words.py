"""What the documents say of variables, keys, words, metrics and limits is what the code has."""

import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest
from prometheus_client import CollectorRegistry
from pydantic import BaseModel, JsonValue

from architecture.project import ROOT, files_in
from documentation import document, documents, everywhere, first_column
from hookline.core.circuit_breaker import CircuitPolicy
from hookline.core.default_rules import DEFAULT_RULES
from hookline.core.intake import IntakeLimits
from hookline.core.metrics import Metrics
from hookline.core.retry import RetryPolicy
from hookline.domain.command import Option, Verb
from hookline.domain.outcome import Reason, Trigger
from hookline.domain.rules import Allow, Caps, Match, Run
from hookline.domain.source import MEBIBYTE, Source
from hookline.gateway.admission import AdmissionLimits
from hookline.gateway.body import BodyDeadline
from hookline.gateway.receipts import LARGE_BODY
from hookline.listeners import MOST_CONNECTIONS, OTHER_FILES
from hookline.registry import TRAITS
from hookline.serving import MULTIPROCESS_VARIABLE
from hookline.settings import load_settings
from hookline.settings_file import FileSettings, RetentionSection, ServerSection, SourceSection, read_file
from hookline.storage.models import Base

EXAMPLE = ROOT / "docs" / "hookline.toml.example"
VARIABLE = re.compile(r"(?<![\w.])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?!\w)")
OF_OTHERS = frozenset({"SO_REUSEPORT", "UV_PYTHON"})
METRIC = re.compile(r"(?<![/\w])(?:webhook|intake|relay|circuit|tasks_in|task_processing)_\w+")


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


def test_every_variable_is_read(variables: set[str]) -> None:
    known = variables | constants() | {MULTIPROCESS_VARIABLE} | OF_OTHERS
    unknown = {name: set(VARIABLE.findall(page.code)) - known for name, page in everywhere().items()}
    assert {name: words for name, words in unknown.items() if words} == {}


def test_every_variable_that_is_read_is_explained(variables: set[str]) -> None:
    assert variables - set(VARIABLE.findall(document("docs/configuration.md").code)) == set()


def test_every_metric_is_registered() -> None:
    found = {name: set(METRIC.findall(page.code)) - metrics() for name, page in everywhere().items()}
    assert {name: words for name, words in found.items() if words} == {}


def test_every_metric_is_explained() -> None:
    table = document("docs/metrics.md").text.partition("## ")[0]
    assert first_column(table) == metrics()


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
    tellers = files_in("src/hookline/storage", "src/hookline/core", suffix=".py")
    source = "\n".join(path.read_text("utf-8") for path in tellers)
    events = set(re.findall(r'"(task\.[a-z_]+)"', source))
    assert len(events) > 12
    assert (set(Base.metadata.tables) | events) - page.words == set()


def test_the_limits_are_those_of_the_code() -> None:
    intake, room, body = IntakeLimits(), AdmissionLimits(), BodyDeadline()
    mebibytes = [size // MEBIBYTE for size in (intake.batch_bytes, room.small_bytes, room.large_bytes)]
    text = " ".join(document("docs/receiving.md").text.split())
    for limit in (
        f"at most {intake.batch} deliveries or {mebibytes[0]} MiB in one transaction",
        f"waits at most {intake.patience.total_seconds():g} seconds",
        f"| up to {room.small_body // MEBIBYTE} MiB, by what has come of them | {mebibytes[1]} MiB |",
        f"| larger, by the length they declare | {mebibytes[2]} MiB |",
        (
            f"with {room.failures} recent bad signatures, broken or slow bodies "
            f"(one is forgiven every {room.forgive_seconds:g} seconds)"
        ),
        (
            f"up to {MOST_CONNECTIONS:,} connections, fewer where the hard limit of open files is below "
            f"{2 * MOST_CONNECTIONS + OTHER_FILES:,}"
        ),
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
