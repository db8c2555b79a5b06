"""No comments and no way around the type checker; files and functions that can be read at once."""

import ast
import re
import tokenize
from io import StringIO

import pytest

from architecture.project import files_in, named, project_files, tree_of

LONGEST_FILE = 300
LONGEST_FUNCTION = 45
MIGRATIONS = "src/hookline/storage/migrations/versions/"

SOURCES = files_in("src", suffix=".py")
PYTHON = [path for path in project_files() if path.suffix == ".py"]
SHELL = [
    path
    for path in files_in("scripts", ".ci")
    if path.read_bytes().startswith((b"#!/usr/bin/env bash", b"#!/bin/"))
]
LUA = files_in("src", "bench", suffix=".lua")

SHELL_COMMENT = re.compile(r"^\s*#(?!!)|\s#\s")


def comments_in(source: str) -> list[str]:
    """The comments of Python source, each with its line; a first line that names an interpreter is none."""
    return [
        f"{token.start[0]}: {token.string}"
        for token in tokenize.generate_tokens(StringIO(source).readline)
        if token.type == tokenize.COMMENT and not (token.start == (1, 0) and token.string.startswith("#!"))
    ]


def ways_around_types(tree: ast.AST) -> list[str]:
    """Names in a tree that switch the type checker off: `Any`, `object` and `no_type_check`."""
    found: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.Name(id="Any" | "object" | "no_type_check" as name, lineno=line):
                found.append(f"{line}: {name}")
            case ast.Attribute(attr="Any" | "no_type_check" as name, lineno=line):
                found.append(f"{line}: {name}")
            case ast.ImportFrom(names=names, lineno=line):
                found += [f"{line}: {a.name}" for a in names if a.name in {"Any", "no_type_check"}]
            case ast.arg(annotation=ast.Constant(value=str() as text), lineno=line):
                found += [f"{line}: {way}" for way in ways_around_types(ast.parse(text, mode="eval"))]
            case _:
                pass
    return found


def functions_of(tree: ast.AST) -> list[tuple[str, int]]:
    """Every function of a tree with its length in lines, decorators aside."""
    return [
        (node.name, (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_there_is_something_to_look_at() -> None:
    assert len(PYTHON) > 100
    assert {named(path) for path in SHELL} >= {"scripts/run", "scripts/test", "scripts/setup"}
    assert LUA


def test_python_has_no_comments() -> None:
    found = {named(path): found for path in PYTHON if (found := comments_in(path.read_text("utf-8")))}
    assert found == {}


def test_scripts_have_no_comments() -> None:
    lines = {named(path): path.read_text("utf-8").splitlines()[1:] for path in SHELL}
    found = {name: [line for line in text if SHELL_COMMENT.search(line)] for name, text in lines.items()}
    assert {name: comments for name, comments in found.items() if comments} == {}


def test_lua_has_no_comments() -> None:
    assert [named(path) for path in LUA if "--" in path.read_text("utf-8")] == []


def test_nothing_goes_around_the_types() -> None:
    found = {named(path): ways for path in SOURCES if (ways := ways_around_types(tree_of(path)))}
    assert found == {}


def test_no_file_is_too_long() -> None:
    lengths = {named(path): len(path.read_text("utf-8").splitlines()) for path in SOURCES}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_too_long() -> None:
    lengths = {
        f"{named(path)}:{name}": length
        for path in SOURCES
        for name, length in functions_of(tree_of(path))
        if not named(path).startswith(MIGRATIONS)
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


@pytest.mark.parametrize("source", ["x = 1  # why\n", "# why\n", '"""Doc."""\n#!late\n', "x = 1  # noqa\n"])
def test_a_comment_is_found(source: str) -> None:
    assert len(comments_in(source)) == 1


@pytest.mark.parametrize("source", ["#!/usr/bin/env python3\n", 'x = "# no comment"\n', '"""# nor this"""\n'])
def test_what_is_no_comment_is_not_found(source: str) -> None:
    assert comments_in(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "from typing import Any",
        "def f(x: dict[str, Any]) -> None: ...",
        "def f() -> object: ...",
        "import typing\nx: typing.Any = 1",
        "def f(x: 'Any') -> None: ...",
        "T = TypeVar('T', bound=object)",
        "import typing\n@typing.no_type_check\ndef f(): ...",
    ],
)
def test_a_way_around_the_types_is_found(source: str) -> None:
    assert len(ways_around_types(ast.parse(source))) == 1


def test_a_long_function_is_found() -> None:
    source = "def f():\n" + "    x = 1\n" * LONGEST_FUNCTION
    assert functions_of(ast.parse(source)) == [("f", LONGEST_FUNCTION + 1)]
