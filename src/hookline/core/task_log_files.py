"""Task log files: one of JSON lines for each task, in folders named by the last two digits of its id.

Each file is synced before its facts are noted as logged, since nobody looks at them again afterwards: without
it a power failure could take lines that no later append would bring back. A batch of 200 costs about a tenth
of a second of a background thread. Reading the last line before each append makes an append safe to repeat.
"""

import os
import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from hookline.core.log_lines import LogLine, encode, project
from hookline.domain.ids import TaskId
from hookline.domain.log import LoggedTask

TAIL_BYTES = 64 * 1024
LONGEST_TAIL_BYTES = 1024 * 1024
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHARD_DIGITS = 2
_FOLDER_MODE = 0o750
_FILE_MODE = 0o640


@dataclass(slots=True)
class Appended:
    """What became of a batch.

    `behind` are tasks whose file lacks lines before the given facts; `failed` holds the reason by task.
    """

    written: list[LoggedTask] = field(default_factory=list[LoggedTask])
    behind: list[LoggedTask] = field(default_factory=list[LoggedTask])
    failed: dict[TaskId, str] = field(default_factory=dict[TaskId, str])


@dataclass(frozen=True, slots=True)
class _End:
    seq: int
    offset: int


class TaskLogFiles:
    """The files below one folder; every method blocks."""

    def __init__(self, folder: Path) -> None:
        """Keep the folder; it is made when the first line is written."""
        self.folder = folder

    def path_of(self, task_id: TaskId) -> Path:
        """Where a task's file is; the end of an id is random, its beginning is the time.

        Raises:
            ValueError: not a UUID in its canonical form.
        """
        if not _UUID.fullmatch(task_id):
            raise ValueError("the task's id is not a UUID")
        return self.folder / task_id[-_SHARD_DIGITS:] / f"{task_id}.jsonl"

    def append(self, tasks: Sequence[LoggedTask]) -> Appended:
        """Append what the files do not have yet, and sync it."""
        result = Appended()
        for task in tasks:
            try:
                is_written = self._append(task)
            except OSError as error:
                result.failed[task.id] = error.strerror or type(error).__name__
            except ValueError as error:
                result.failed[task.id] = str(error)
            else:
                (result.written if is_written else result.behind).append(task)
        return result

    def _append(self, task: LoggedTask) -> bool:
        path = self.path_of(task.id)
        path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        with _opened(path) as file:
            end = _find_end(file, task.id)
            if end is None:
                path.replace(path.with_suffix(".damaged"))
                return False
            os.ftruncate(file, end.offset)
            lines = [line for line in project(task) if line.seq > end.seq]
            if [line.seq for line in lines] != list(range(end.seq + 1, end.seq + 1 + len(lines))):
                return False
            _write(file, b"".join(map(encode, lines)))
            os.fsync(file)
        return True


@contextmanager
def _opened(path: Path) -> Generator[int]:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, _FILE_MODE)
    try:
        yield file
    finally:
        os.close(file)


def _write(file: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]


def _find_end(file: int, task_id: TaskId) -> _End | None:
    size = os.fstat(file).st_size
    for window in (TAIL_BYTES, LONGEST_TAIL_BYTES):
        start = max(size - window, 0)
        tail = os.pread(file, size - start, start)
        end = _last_line(tail, task_id)
        if end is not None:
            return _End(end.seq, start + end.offset)
        if start == 0:
            return _End(0, 0)
    return None


def _last_line(tail: bytes, task_id: TaskId) -> _End | None:
    end = tail.rfind(b"\n")
    while end >= 0:
        before = tail.rfind(b"\n", 0, end)
        line = _read(tail[before + 1 : end])
        if line is not None and line.task_id == task_id:
            return _End(line.seq, end + 1)
        end = before
    return None


def _read(text: bytes) -> LogLine | None:
    try:
        return LogLine.model_validate_json(text)
    except ValidationError:
        return None
