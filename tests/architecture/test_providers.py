"""Every provider comes with its module, its tests, its fixtures and its samples."""

from importlib import import_module
from types import ModuleType

import pytest

from architecture.project import ROOT, SOURCE
from contracts.handler_contract import HandlerContract
from hookline.registry import PROVIDERS

FEWEST_FIXTURES = 5
NAMES = sorted(PROVIDERS)


def classes_of(module: ModuleType) -> list[type]:
    """The classes that a module defines itself."""
    return [
        item
        for item in vars(module).values()
        if isinstance(item, type) and item.__module__ == module.__name__
    ]


def test_the_registry_and_the_folder_agree() -> None:
    modules = {path.stem.removesuffix("_handler") for path in (SOURCE / "webhooks").glob("*_handler.py")}
    assert modules == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_handler_has_its_tests(name: str) -> None:
    classes = classes_of(import_module(f"test_{name}_webhook_handler"))
    assert any(issubclass(test, HandlerContract) and test.provider == name for test in classes)
    assert (ROOT / "tests" / "payloads" / f"test_{name}_payloads.py").is_file()


@pytest.mark.parametrize("name", NAMES)
def test_a_handler_has_fixtures(name: str) -> None:
    folder = ROOT / "tests" / "fixtures" / "webhooks" / name
    fixtures = [path.name for path in folder.iterdir()]
    assert len(fixtures) >= FEWEST_FIXTURES
    assert [fixture for fixture in fixtures if "__" not in fixture] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_provider_has_samples_and_traits(name: str) -> None:
    provider = PROVIDERS[name]
    assert provider.traits.name == name
    assert provider.traits.paste_at
    assert provider.samples.events
    assert provider.askers.words


def test_no_two_providers_share_a_secret() -> None:
    variables = [provider.traits.secret_variable for provider in PROVIDERS.values()]
    assert len(set(variables)) == len(variables)
