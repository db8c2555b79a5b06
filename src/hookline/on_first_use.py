"""Modules that are imported when they are first used, since a start that does without them is sooner over."""

from collections.abc import Callable, Collection
from importlib import import_module
from types import ModuleType


def on_first_use(package: str, names: Collection[str]) -> Callable[[str], ModuleType]:
    """The `__getattr__` of a package, which imports these modules of it once they are asked for.

    Raises:
        AttributeError: another name is asked for.
    """

    def imported(name: str) -> ModuleType:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return import_module(f"{package}.{name}")

    return imported
