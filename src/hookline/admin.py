"""The admin ASGI app; it needs FastAPI, so processes that only take webhooks do not import it."""

from collections.abc import Callable, Sequence

from fastapi import FastAPI

from hookline.bootstrap import Gateway
from hookline.dashboard.app import admin_app
from hookline.domain.health import Probe
from hookline.worker_api.refusals import add_refusals
from hookline.worker_api.routes import worker_routes


def make_admin_app(gateway: Gateway, probes: Sequence[Probe], metrics: Callable[[], bytes]) -> FastAPI:
    """The admin app: health, metrics, and what workers are served."""
    app = admin_app(probes, metrics, gateway.settings.server.allowed_hosts)
    app.router.routes.extend(worker_routes(gateway.working.desk).routes)
    add_refusals(app)
    return app
