"""The ASGI apps: public, with one route per source, and admin."""

from collections.abc import Callable, Sequence

from fastapi import FastAPI

from hookline.bootstrap import Gateway
from hookline.dashboard.app import admin_app
from hookline.domain.health import Probe
from hookline.gateway.asgi import AsgiApp
from hookline.gateway.peers import PeerAddresses
from hookline.gateway.public_app import PublicApp
from hookline.gateway.route import WebhookRoute
from hookline.worker_api.refusals import add_refusals
from hookline.worker_api.routes import worker_routes


def make_public_app(gateway: Gateway) -> AsgiApp:
    """The public app: webhooks only."""
    routes = {handler.source.path: WebhookRoute(handler, gateway.route_parts) for handler in gateway.handlers}
    peers = PeerAddresses(gateway.settings.trusted_networks)
    return PublicApp(routes, gateway.metrics, peers)


def make_admin_app(gateway: Gateway, probes: Sequence[Probe], metrics: Callable[[], bytes]) -> FastAPI:
    """The admin app: health, metrics, and what workers are served."""
    app = admin_app(probes, metrics, gateway.settings.server.allowed_hosts)
    app.router.routes.extend(worker_routes(gateway.working.desk).routes)
    add_refusals(app)
    return app
