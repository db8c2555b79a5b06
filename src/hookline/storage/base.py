"""What all tables share: the root of their models, and the widths of ids, words and names."""

from sqlalchemy import Index, MetaData, String, text
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.schema import SchemaItem

ID = String(36)
WORD = String(32)
NAME = String(255)
DIGEST = String(64)


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of some of the rows.

    To tell an index what PostgreSQL wants of it imports all that SQLAlchemy knows of PostgreSQL; so the
    environment of the migrations does it, and nobody else.
    """
    return Index(name, *columns, unique=unique, sqlite_where=text(where))


class Base(DeclarativeBase):
    """Root of the models, with names for every constraint."""

    __table_args__: tuple[SchemaItem | dict[str, bool], ...] = ()

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
