"""What all tables share: the root of their models, and the widths of ids, words and names."""

from sqlalchemy import MetaData, String
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.schema import SchemaItem

ID = String(36)
WORD = String(32)
NAME = String(255)
DIGEST = String(64)


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
