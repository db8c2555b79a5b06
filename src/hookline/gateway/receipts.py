"""Makes the receipt of a delivery: what of it is stored, and how."""

from hookline.core.answers import json_bytes
from hookline.core.compression import compressed
from hookline.domain.delivery import Delivery
from hookline.domain.intake import Receipt
from hookline.domain.source import MEBIBYTE
from hookline.domain.webhook import WebhookHandler

LARGE_BODY = MEBIBYTE
"""Bodies beyond this are understood in a thread, and compressed there too."""

_HEADER_LIMIT = 1000


def make_receipt(handler: WebhookHandler, delivery: Delivery) -> Receipt:
    """The receipt of a verified delivery."""
    headers = delivery.headers
    kept = {name: headers[name][:_HEADER_LIMIT] for name in handler.kept_headers if name in headers}
    body = handler.redact(delivery.body, headers)
    is_large = len(body) > LARGE_BODY
    return Receipt(
        id=delivery.id,
        provider=handler.source.provider,
        source=handler.source.name,
        received_at=delivery.head.received_at,
        remote=delivery.head.remote,
        size=len(delivery.body),
        sha256=delivery.sha256,
        headers=json_bytes(kept).decode(),
        body=compressed(body) if is_large else body,
        is_compressed=is_large,
    )
