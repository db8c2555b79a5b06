"""Hookline: signed webhooks in, durable tasks out."""

from typing import TYPE_CHECKING

from hookline.on_first_use import on_first_use

if TYPE_CHECKING:
    from hookline import admin

__all__ = ["admin"]

__getattr__ = on_first_use(__name__, __all__)
