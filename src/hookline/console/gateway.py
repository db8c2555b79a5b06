"""Runs the gateway of `hookline serve`; imported only once the folder of shared metrics is known."""

import uvloop
from rich.console import Console

from hookline.console.welcome import welcome
from hookline.log_output import keep_files_private, write_log_to_stderr
from hookline.serving import Serving, serve
from hookline.settings import Settings
from hookline.tuning import tune_interpreter


def run(settings: Settings, out: Console) -> None:
    """Serve until SIGTERM or Ctrl-C, and tell people where when it is ready."""
    keep_files_private()
    write_log_to_stderr()
    tune_interpreter()
    uvloop.run(serve(settings, lambda serving: _tell_ready(out, settings, serving)))


def _tell_ready(out: Console, settings: Settings, serving: Serving) -> None:
    for line in welcome(settings, serving.public.url, serving.admin.url):
        out.print(line, markup=False)
