"""How a measurement ends that has an aim."""

import sys


def end_unless(is_reached: bool, words: str) -> None:
    """End with 1 and a sentence where the aim is missed."""
    if not is_reached:
        sys.exit(words)
