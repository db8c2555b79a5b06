"""Reads the project's documents: their code, their links, and the commands they tell people to type."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from architecture.project import ROOT, files_in, project_files
from hookline.cli import app
from hookline.registry import PROVIDERS

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
OPEN_ENDS = ("…", "...")
HELP = frozenset({"-h", "--help"})


@dataclass(frozen=True)
class Document:
    """One page: its place, its text, its code."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def blocks(self) -> list[tuple[str, str]]:
        """Fenced blocks with their language."""
        return FENCE.findall(self.text)

    @property
    def lines(self) -> list[str]:
        """What stands as code: each span, and each line of each block up to its explanation."""
        spans = [" ".join(span.split()) for span in SPAN.findall(FENCE.sub("", self.text))]
        rows = [row.strip() for _, block in self.blocks for row in block.splitlines()]
        return spans + [re.split(r"\s{2,}", row)[0] for row in rows if row]

    @property
    def code(self) -> str:
        return "\n".join(self.lines)

    @property
    def words(self) -> set[str]:
        return {word.strip("\"'(),;:").rstrip(".") for line in self.lines for word in line.split()}

    @property
    def links(self) -> list[str]:
        return LINK.findall(FENCE.sub("", self.text))

    @property
    def anchors(self) -> set[str]:
        plain = (heading.lower().replace("`", "") for heading in HEADING.findall(FENCE.sub("", self.text)))
        return {re.sub(r"[^\w -]", "", heading).replace(" ", "-") for heading in plain}

    def sections(self) -> dict[str, str]:
        """The text below each heading of the second level."""
        parts = re.split(r"^## +(.+)$", self.text, flags=re.MULTILINE)
        return {title.replace("`", ""): text for title, text in zip(parts[1::2], parts[2::2], strict=True)}


@cache
def documents() -> tuple[Document, ...]:
    """Every page of the project."""
    pages = [path for path in project_files() if path.parent == ROOT and path.suffix == ".md"]
    pages += files_in("docs", ".claude", suffix=".md")
    return tuple(Document(path, path.read_text("utf-8")) for path in pages)


def everywhere() -> dict[str, Document]:
    """All pages by their path."""
    return {page.name: page for page in documents()}


def document(name: str) -> Document:
    """One page by its path."""
    return next(page for page in documents() if page.name == name)


def first_column(table: str) -> set[str]:
    """The code in the first column of the tables of a text."""
    rows = (line.split("|")[1] for line in table.splitlines() if line.startswith("|"))
    return {word for row in rows for word in SPAN.findall(row)}


def paths_in(page: Document) -> Iterator[str]:
    """Words of a page that name a file or folder of the project, placeholders filled in."""
    for word in page.words:
        path = word.removeprefix("./").partition("::")[0]
        if not re.match(r"(src|tests|docs|scripts|bench|\.claude|\.ci)/", path) or "<" in path:
            if re.fullmatch(r"[\w-]+\.(md|lock|ini)|pyproject\.toml", path):
                yield path
            continue
        if "{provider}" in path:
            yield from (path.replace("{provider}", name) for name in PROVIDERS)
        else:
            yield path


def is_there(path: str) -> bool:
    """Whether a path of the project exists; one with stars must match something."""
    if "*" in path:
        return any(ROOT.glob(path.rstrip("/")))
    return (ROOT / path).is_dir() if path.endswith("/") else (ROOT / path).exists()


def hookline_commands(page: Document) -> Iterator[str]:
    """What a page tells people to ask of `hookline`, without its first word."""
    for line in page.lines:
        for start in ("hookline ", "./scripts/run "):
            if line.startswith(start) and not line.endswith(".toml"):
                yield line.removeprefix(start)


def fault_of(line: str) -> str | None:
    """Why the command line would not understand this, or `None`."""
    words = [word for word in shlex.split(line) if word not in OPEN_ENDS]
    command: TyperGroup | TyperCommand = _root()
    while isinstance(command, TyperGroup) and words:
        name = words.pop(0)
        if name.startswith("-"):
            return None if name in HELP | _options(command).keys() else f"no option {name}"
        found = command.commands.get(name)
        if not isinstance(found, TyperGroup | TyperCommand):
            return f"no command {name}"
        command = found
    return _fault_of_words(command, words)


@cache
def _root() -> TyperGroup:
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    return root


def _options(command: TyperGroup | TyperCommand) -> dict[str, bool]:
    """The options of a command, and whether each takes a value."""
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    return {name: not option.is_flag for option in options for name in (*option.opts, *option.secondary_opts)}


def _fault_of_words(command: TyperGroup | TyperCommand, words: list[str]) -> str | None:
    options, given = _options(command), list[str]()
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            given.append(word)
        elif word not in HELP | options.keys():
            return f"{command.name}: no option {word}"
        elif options.get(word):
            if not words:
                return f"{command.name}: {word} needs a value"
            words.pop(0)
    places = sum(parameter.param_type_name == "argument" for parameter in command.params)
    if len(given) > places:
        return f"{command.name}: too many words: {' '.join(given)}"
    return _fault_of_sample(given) if command.name == "send" else None


def _fault_of_sample(given: list[str]) -> str | None:
    if not given or (given[0] in PROVIDERS and len(given) == 1):
        return None
    known = PROVIDERS[given[0]].samples.events if given[0] in PROVIDERS else {}
    return None if given[1] in known else f"send: no sample {' '.join(given)}"
