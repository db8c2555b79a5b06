"""Who may know whom: layers, handlers that stand alone, and nothing that branches on a provider's name."""

import ast
import subprocess
import sys

from architecture.project import (
    ROOT,
    SOURCE,
    docstrings_of,
    files_in,
    imported_modules,
    module_of,
    named,
    tree_of,
)
from hookline.registry import PROVIDERS

MODULES = files_in("src", suffix=".py")
WEBHOOKS = "hookline.webhooks"
MAY_NAME_PROVIDERS = ("webhooks/", "registry.py", "core/default_rules.py")


def provider_of(module: str) -> str | None:
    """The provider whose handler or folder a module of the webhooks is, or `None`."""
    if not module.startswith(f"{WEBHOOKS}."):
        return None
    return module.split(".")[2].removesuffix("_handler")


def named_providers(tree: ast.Module) -> list[str]:
    """Literals of a tree that are a provider's name or begin a key with one; documentation aside."""
    documentation = docstrings_of(tree)
    return [
        f"{node.lineno}: {node.value}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documentation
        and _names_one(node.value)
    ]


def _names_one(text: str) -> bool:
    return any(text == name or text.startswith((f"{name}:", f"{name}@")) for name in PROVIDERS)


def test_the_layers_hold() -> None:
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


def test_handlers_do_not_know_each_other() -> None:
    strangers = {
        module_of(path): others
        for path in MODULES
        if (own := provider_of(module_of(path)))
        and (
            others := {
                name for name in imported_modules(tree_of(path)) if provider_of(name) not in {None, own}
            }
        )
    }
    assert strangers == {}


def test_only_the_registry_names_handlers() -> None:
    knowing = {
        named(path)
        for path in MODULES
        if provider_of(module_of(path)) is None
        and any(name.startswith(f"{WEBHOOKS}.") for name in imported_modules(tree_of(path)))
    }
    assert knowing == {"src/hookline/registry.py"}


def test_nothing_branches_on_a_provider() -> None:
    found = {
        named(path): names
        for path in MODULES
        if not path.relative_to(SOURCE).as_posix().startswith(MAY_NAME_PROVIDERS)
        and (names := named_providers(tree_of(path)))
    }
    assert found == {}


def test_a_named_provider_is_found() -> None:
    tree = ast.parse(
        '"""github"""\nif name == "github":\n    key = "jira:octo"\n    words = "as github, say"\n'
    )
    assert named_providers(tree) == ["2: github", "3: jira:octo"]


def test_a_webhook_module_belongs_to_its_provider() -> None:
    assert provider_of("hookline.webhooks.github.payloads") == "github"
    assert provider_of("hookline.webhooks.github_handler") == "github"
    assert provider_of("hookline.core.intake") is None
    assert imported_modules(ast.parse("from hookline.webhooks import jira_handler")) == {
        "hookline.webhooks",
        "hookline.webhooks.jira_handler",
    }
