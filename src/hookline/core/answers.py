"""The table of answers: what a verdict looks like on the wire."""

from collections.abc import Mapping
from typing import assert_never

from pydantic import JsonValue
from pydantic_core import to_json

from hookline.domain.delivery import Accepted, Answer, Applied, Duplicate, Passed, Replied, Verdict


def json_bytes(value: Mapping[str, JsonValue]) -> bytes:
    """Compact JSON of a mapping."""
    return to_json(value)


def standard_answer(verdict: Verdict) -> Answer:
    """The answer that fits every provider without wishes of its own."""
    match verdict:
        case Accepted(task_id=task_id):
            return Answer(202, b'{"status":"accepted","task_id":"%s"}' % task_id.encode())
        case Duplicate(task_id=task_id):
            return Answer(200, json_bytes({"status": "duplicate", "task_id": task_id}))
        case Applied(control=control, task_id=task_id):
            return Answer(200, json_bytes({"status": "applied", "control": control, "task_id": task_id}))
        case Passed(reason=reason):
            return Answer(200, json_bytes({"status": "ignored", "reason": reason}))
        case Replied(body=body, content_type=content_type):
            return Answer(200, body, content_type)
        case _:
            assert_never(verdict)
