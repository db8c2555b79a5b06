"""Where the gateway's own log goes: lines on standard error, without the values of variables."""

import os
import sys

import structlog

PRIVATE_FILES = 0o077


def write_log_to_stderr() -> None:
    """Log there from now on.

    A traceback tells files and lines only: what variables hold may be somebody's webhook.
    """
    is_for_people = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(
                colors=is_for_people, exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        logger_factory=_on_stderr,
        cache_logger_on_first_use=False,
    )


def _on_stderr(*_names: str) -> structlog.PrintLogger:
    return structlog.PrintLogger(sys.stderr)


def keep_files_private() -> None:
    """Let nobody else read what this process makes: databases hold webhooks."""
    _ = os.umask(PRIVATE_FILES)
