"""The project's own files and modules, as the tests of its shape see them."""

import ast
import os
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType

import hookline

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "hookline"
KEPT_HIDDEN = frozenset({".ci", ".claude", ".gitignore"})
MADE = frozenset({"__pycache__", "node_modules", "htmlcov", "dist"})


@cache
def project_files() -> tuple[Path, ...]:
    """Every file that belongs to the project; caches, environments and build results do not."""
    return tuple(sorted(_walk()))


def _walk() -> Iterator[Path]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if _is_ours(name)]
        yield from (Path(folder, name) for name in names if _is_ours(name))


def _is_ours(name: str) -> bool:
    is_hidden = name.startswith(".") and name not in KEPT_HIDDEN
    return not is_hidden and name not in MADE and not name.endswith((".pyc", ".egg-info"))


def files_in(*folders: str, suffix: str = "") -> list[Path]:
    """The project's files below some folders, with a suffix where one is asked for."""
    tops = [ROOT / folder for folder in folders]
    return [
        path
        for path in project_files()
        if path.name.endswith(suffix) and any(path.is_relative_to(top) for top in tops)
    ]


def named(path: Path) -> str:
    """A file's path inside the project."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def module_of(path: Path) -> str:
    """The dotted name of a module below `src`."""
    parts = path.relative_to(ROOT / "src").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(tree: ast.Module) -> set[str]:
    """What a module imports, wherever in it, in dotted names."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


@cache
def loaded_modules() -> tuple[ModuleType, ...]:
    """Every module of the package, imported; migrations run only inside Alembic."""
    names = [found.name for found in walk_packages(hookline.__path__, "hookline.")]
    return tuple(import_module(name) for name in names if ".migrations." not in name)


def docstrings_of(tree: ast.Module) -> set[int]:
    """The identities of the nodes that only document: strings that stand as statements."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
