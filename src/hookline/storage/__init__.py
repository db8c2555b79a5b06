"""The database: models, migrations and repositories that speak domain types.

The migrator is imported when it is first used, which is seldom: it needs Alembic.
"""

from typing import TYPE_CHECKING

from hookline.on_first_use import on_first_use

if TYPE_CHECKING:
    from hookline.storage import migrator

__all__ = ["migrator"]

__getattr__ = on_first_use(__name__, __all__)
