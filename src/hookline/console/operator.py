"""Who runs a command, for the audit."""

import getpass


def operator() -> str:
    """The system account's name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
