"""A line of a task's log, for people."""

import json

from pydantic import JsonValue

from hookline.console.presentation import neutral
from hookline.core.log_lines import LogLine
from hookline.domain.text import shorten

_VALUE_LIMIT = 200
_EVENT_WIDTH = 19


def line_of(line: LogLine) -> str:
    """The line with its time, its event, and what is known of it; harmless, and on one line."""
    at = line.at.strftime("%Y-%m-%d %H:%M:%S.") + f"{line.at.microsecond // 1000:03d}Z"
    fence = {} if line.fence is None else {"fence": line.fence}
    known = {**fence, **line.data}
    told = (f"{neutral(name)}={_value(value)}" for name, value in known.items() if value not in (None, ""))
    return f"{at}  {neutral(line.event):<{_EVENT_WIDTH}}  {' '.join(told)}".rstrip()


def _value(value: JsonValue) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    shown = shorten(neutral(text), _VALUE_LIMIT)
    return json.dumps(shown, ensure_ascii=False) if isinstance(value, str) and " " in shown else shown
