"""The worker processes: started, killed, frozen; a killed one is started again under its own name."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from server_process import dying_with_us

ROOT = Path(__file__).parent.parent
STOP_SECONDS = 30


@dataclass
class Hand:
    """One worker with its token, and its process where it has one."""

    name: str
    token: str
    urls: tuple[str, ...]
    seed: int
    lease: float
    folder: Path
    lives: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start its next process."""
        self.lives += 1
        life = f"{self.seed}:{self.name}.{self.lives}"
        words = (
            ",".join(self.urls),
            self.name,
            life,
            str(self.lease),
            str(self.folder / f"{self.name}.jsonl"),
        )
        with (self.folder / f"{self.name}.err").open("ab") as errors:
            self.process = subprocess.Popen(
                [*dying_with_us("KILL"), sys.executable, "-m", "chaos.worker", *words],
                cwd=ROOT,
                env={**os.environ, "HOOKLINE_TOKEN": self.token, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                start_new_session=True,
            )

    @property
    def has_ended(self) -> bool:
        """Whether it was started and has no process any more that runs."""
        return self.process is not None and self.process.poll() is not None

    def kill(self) -> None:
        """SIGKILL, wherever it is."""
        if self.process is not None:
            self.process.kill()
            _ = self.process.wait(STOP_SECONDS)
            self.process = None

    def freeze(self) -> None:
        """SIGSTOP."""
        if self.process is not None:
            self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
