"""The admin application: behind a Host allowlist, so that no page elsewhere can rebind a name to it."""

from collections.abc import Callable, Sequence

from fastapi import FastAPI, Response
from starlette.middleware.trustedhost import TrustedHostMiddleware

from hookline.dashboard.health import health_routes
from hookline.domain.health import Probe

METRICS_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def admin_app(probes: Sequence[Probe], metrics: Callable[[], bytes], allowed_hosts: Sequence[str]) -> FastAPI:
    """Make the admin application.

    Args:
        probes: what `/health/ready` asks.
        metrics: renders all metrics in Prometheus' text format.
        allowed_hosts: names that a request's Host may have.
    """
    app = FastAPI(title="Hookline", docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(allowed_hosts), www_redirect=False)
    app.router.routes.extend(health_routes(probes).routes)

    def show_metrics() -> Response:
        """All metrics, in Prometheus' text format."""
        return Response(metrics(), media_type=METRICS_MEDIA_TYPE)

    app.add_api_route("/metrics", show_metrics, methods=["GET"], response_class=Response)
    return app
