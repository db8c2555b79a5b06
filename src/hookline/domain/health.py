"""What can be asked whether it works."""

from typing import Protocol


class Probe(Protocol):
    """One thing the gateway depends on."""

    @property
    def name(self) -> str:
        """Its name in answers."""
        ...

    @property
    def is_vital(self) -> bool:
        """Whether webhooks cannot be accepted without it."""
        ...

    async def trouble(self) -> str | None:
        """What is wrong with it, in words; `None` when it works."""
        ...
