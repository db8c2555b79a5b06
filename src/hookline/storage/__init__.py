"""The database: models, migrations and repositories that speak domain types.

The migrator is imported when it is first used, which is seldom: it needs Alembic.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hookline.storage import migrator

__all__ = ["migrator"]


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
