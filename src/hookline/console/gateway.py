"""Runs the gateway of `hookline serve`; imported only once the folder of shared metrics is known."""

import uvloop
from rich.console import Console

from hookline.domain.source import DEFAULT_SOURCE
from hookline.registry import TRAITS
from hookline.serving import Serving, serve
from hookline.settings import Settings
from hookline.tuning import tune_interpreter


def run(settings: Settings, out: Console) -> None:
    """Serve until SIGTERM or Ctrl-C, and tell people where when it is ready."""
    tune_interpreter()
    uvloop.run(serve(settings, lambda serving: _welcome(out, settings, serving)))


def _welcome(out: Console, settings: Settings, serving: Serving) -> None:
    base = settings.server.public_url or serving.public.url
    for source in settings.sources:
        traits = TRAITS[source.provider]
        made = source.name == DEFAULT_SOURCE and traits.secret_variable in settings.made_secrets
        out.print(f"{source.provider:<7} {base.rstrip('/')}{source.path}", markup=False)
        if made and not traits.issues_secret:
            place = settings.home / "secrets.json"
            out.print(f"        secret: {traits.secret_variable} in {place}; paste it at {traits.paste_at}")
        elif made:
            out.print(
                f"        development secret, known to `hookline send` only; {traits.paste_at}, "
                f"and set {traits.secret_variable}"
            )
        elif not traits.issues_secret:
            out.print(f"        secret: the one that you set; paste it at {traits.paste_at}", markup=False)
    out.print(f"admin   {serving.admin.url}/health/ready, {serving.admin.url}/metrics", markup=False)
    out.print(f"ready: webhooks at {serving.public.url}", markup=False)
