"""What the documents name exists: paths, scripts, commands and options, links, decisions, reasons."""

import os
import re
import tomllib
from importlib import import_module

import pytest

from architecture.project import ROOT, files_in
from documentation import (
    Document,
    document,
    documents,
    everywhere,
    fault_of,
    first_column,
    hookline_commands,
    is_there,
    paths_in,
)
from documented_tools import chooses, commands_in, fault_of_alembic, fault_of_pytest, faults_of_choices
from hookline.dashboard.app import admin_app

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
SKILLS = [page for page in documents() if page.path.name == "SKILL.md"]


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


def asked_of(*programs: str) -> list[tuple[str, str]]:
    """What all pages ask of a program, each with its page."""
    return [(name, line) for name, page in everywhere().items() for line in commands_in(page, *programs)]


def test_every_run_of_tests_is_understood(pytestconfig: pytest.Config) -> None:
    asked = asked_of("pytest", "./scripts/test")
    assert {page.name for page in SKILLS} <= {name for name, _ in asked}
    faults = {(name, line): fault_of_pytest(pytestconfig, line) for name, line in asked}
    assert {where: fault for where, fault in faults.items() if fault} == {}


def test_every_choice_of_tests_finds_some() -> None:
    choices = sorted({line for _, line in asked_of("pytest", "./scripts/test") if chooses(line)})
    assert len(choices) > 2
    wrong = {
        "tests/test_bench.py -k nothing_has_this_name": "chooses no test",
        "tests/test_bench.py -k '(open'": "cannot be collected",
    }
    assert faults_of_choices([*choices, *wrong]) == wrong


def test_every_migration_command_is_known() -> None:
    asked = asked_of("alembic")
    assert len(asked) > 1
    assert {(name, line): fault for name, line in asked if (fault := fault_of_alembic(line))} == {}


def test_every_benchmark_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    known = import_module("bench.__main__").BENCHMARKS.keys()
    assert {line.split()[0] for _, line in asked_of("./scripts/bench")} == known


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


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("tests/test_retry.py -v", None),
        ("--cov=. --cov-report=html", None),
        ("tests/test_retry.py -k 'budget or total'", None),
        ("tests/test_no_such.py", "no file tests/test_no_such.py"),
        ("tests/test_retry.py --colour-blind", "no option --colour-blind"),
    ],
)
def test_a_run_of_tests_that_would_fail_is_found(
    pytestconfig: pytest.Config, line: str, fault: str | None
) -> None:
    assert fault_of_pytest(pytestconfig, line) == fault


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('revision -m "remember more"', None),
        ("upgrade head", None),
        ("upgrade --colour head", "unrecognized arguments: --colour"),
        ("revision -m x --rev-id 0001", "0001 is not the next number"),
    ],
)
def test_a_migration_command_that_would_fail_is_found(line: str, fault: str | None) -> None:
    assert fault_of_alembic(line) == fault


def test_an_unknown_migration_command_is_found() -> None:
    assert "invalid choice: 'upgarde'" in (fault_of_alembic("upgarde head") or "")


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
