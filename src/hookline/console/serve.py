"""`hookline serve`."""

import os
import shutil
import tempfile

import typer
from rich.console import Console

from hookline import console
from hookline.configuration import settings_for_serving
from hookline.console.welcome import missing_routes
from hookline.domain.errors import ConfigurationError
from hookline.settings_file import ServerSection

USAGE = 2
MULTIPROCESS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def serve(
    host: str | None, port: int | None, admin_host: str | None, admin_port: int | None, workers: int | None
) -> None:
    """Serve until SIGTERM or Ctrl-C; options win over the environment, the environment over the file."""
    out = Console(highlight=False, soft_wrap=True)
    try:
        options = {
            "HOOKLINE_HOST": host,
            "HOOKLINE_PORT": port,
            "HOOKLINE_ADMIN_HOST": admin_host,
            "HOOKLINE_ADMIN_PORT": admin_port,
            "HOOKLINE_WORKERS": workers,
        }
        given = {name: str(value) for name, value in options.items() if value is not None}
        settings = settings_for_serving({**os.environ, **given})
        for line in missing_routes(settings):
            out.print(line, markup=False)
        folder = _share_metrics(settings.server)
        try:
            console.gateway.run(settings, out)
        finally:
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
    except ConfigurationError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"hookline: {error}", markup=False)
        raise typer.Exit(USAGE) from None


def _share_metrics(server: ServerSection) -> str | None:
    """With several processes each writes its metrics into files of one folder."""
    if server.workers == 1:
        return None
    folder = tempfile.mkdtemp(prefix="hookline-metrics-")
    os.environ[MULTIPROCESS_VARIABLE] = folder
    return folder
