"""`hookline serve`."""

import os
import shutil
import tempfile

import typer
import uvloop
from rich.console import Console

from hookline.bootstrap import settings_for_serving
from hookline.domain.errors import ConfigurationError
from hookline.registry import TRAITS
from hookline.serving import MULTIPROCESS_VARIABLE, Serving
from hookline.serving import serve as serve_gateway
from hookline.settings import Settings
from hookline.settings_file import ServerSection
from hookline.tuning import tune_interpreter

USAGE = 2


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
        _warn(out, settings)
        folder = _share_metrics(settings.server)
        try:
            tune_interpreter()
            uvloop.run(serve_gateway(settings, lambda serving: _welcome(out, settings, serving)))
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


def _warn(out: Console, settings: Settings) -> None:
    for missing in settings.secretless:
        out.print(
            f"no route for {missing.provider}/{missing.name}: {missing.variable} is not set", markup=False
        )


def _welcome(out: Console, settings: Settings, serving: Serving) -> None:
    base = settings.server.public_url or serving.public.url
    for source in settings.sources:
        traits = TRAITS[source.provider]
        made = traits.secret_variable in settings.made_secrets
        out.print(f"{source.provider:<7} {base.rstrip('/')}{source.path}", markup=False)
        if made and not traits.issues_secret:
            place = settings.home / "secrets.json"
            out.print(f"        secret: {traits.secret_variable} in {place}; paste it at {traits.paste_at}")
        elif made:
            out.print(
                f"        development secret, known to `hookline send` only; {traits.paste_at}, "
                f"and set {traits.secret_variable}"
            )
    out.print(f"admin   {serving.admin.url}/health/ready, {serving.admin.url}/metrics", markup=False)
    out.print(f"ready: webhooks at {serving.public.url}", markup=False)
