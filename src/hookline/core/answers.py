"""The table of answers: what a verdict looks like on the wire."""

from collections.abc import Mapping
from typing import assert_never

from pydantic import JsonValue, TypeAdapter

from hookline.domain.delivery import Accepted, Answer, Applied, Duplicate, Passed, Replied, Verdict

_JSON: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


def json_bytes(value: Mapping[str, JsonValue]) -> bytes:
    """Compact JSON of a mapping."""
    return _JSON.dump_json(dict(value))


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
