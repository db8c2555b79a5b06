"""The public ASGI app, with one route per source."""

from hookline.bootstrap import Gateway
from hookline.gateway.asgi import AsgiApp
from hookline.gateway.peers import PeerAddresses
from hookline.gateway.public_app import PublicApp
from hookline.gateway.route import WebhookRoute


def make_public_app(gateway: Gateway) -> AsgiApp:
    """The public app: webhooks only."""
    routes = {handler.source.path: WebhookRoute(handler, gateway.route_parts) for handler in gateway.handlers}
    peers = PeerAddresses(gateway.settings.trusted_networks)
    return PublicApp(routes, gateway.metrics, peers)
