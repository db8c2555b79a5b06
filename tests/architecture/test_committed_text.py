"""What no file of the project may hold: registries' hosts and paths of one machine."""

import re
from pathlib import Path

import pytest

from architecture.project import files_in, named, project_files

REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("proxy", "golang", "org"),
        ("crates", "io"),
        ("rubygems", "org"),
        ("repo", "maven", "apache", "org"),
    )
)
MACHINE_PATH = re.compile(r"(?<![\w.$}*-])/(?:work|root|tmp|home/[a-z]+|Users/[A-Za-z]+)(?![\w-])")
PUBLISHED = {path for path in files_in("src", "docs", ".claude", "scripts") if path.suffix != ".svg"} | {
    path for path in project_files() if path.suffix == ".md"
}


def text_of(path: Path) -> str:
    """The text of a file, whatever it holds."""
    return path.read_text(encoding="utf-8", errors="replace")


def test_there_is_something_to_look_at() -> None:
    names = {named(path) for path in project_files()}
    assert names >= {
        "pyproject.toml",
        "requirements.lock",
        "README.md",
        ".claude/skills/retry-logic/SKILL.md",
    }
    assert not any(name.startswith((".venv", ".tools", ".git/")) for name in names)


@pytest.mark.parametrize("host", REGISTRIES)
def test_no_file_names_a_registry(host: str) -> None:
    assert [named(path) for path in project_files() if host in text_of(path)] == []


def test_no_file_names_a_path_of_one_machine() -> None:
    found = {named(path): match for path in PUBLISHED if (match := MACHINE_PATH.findall(text_of(path)))}
    assert found == {}


@pytest.mark.parametrize("text", ["see /tmp/x", "`/root`", "cd /work/main", "/home/octo/app", '"/tmp"'])
def test_a_path_of_one_machine_is_found(text: str) -> None:
    assert MACHINE_PATH.search(text)


@pytest.mark.parametrize("text", ["docs/work/x", "$HOME/tmp/x", "https://example.com/root-cause", "/workers"])
def test_what_is_no_such_path_is_not_found(text: str) -> None:
    assert not MACHINE_PATH.search(text)
