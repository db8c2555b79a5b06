"""A worker's side of the gateway: a typed client of the routes below `/worker/v1`."""

from hookline.worker.client import GatewayAwayError, LeaseLostError, RefusedError, WorkerClient

__all__ = ["GatewayAwayError", "LeaseLostError", "RefusedError", "WorkerClient"]
