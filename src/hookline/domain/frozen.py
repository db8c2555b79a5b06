"""Values that are made for every request."""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

ValueT = TypeVar("ValueT")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(kind: type[ValueT], /) -> type[ValueT]:
    """A dataclass with slots that the type checker holds frozen.

    At run time its fields are set directly: `dataclass(frozen=True)` sets each through `object.__setattr__`,
    and takes four times as long to make an object.
    """
    return dataclass(slots=True, unsafe_hash=True)(kind)
