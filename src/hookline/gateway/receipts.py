"""Makes the receipt of a delivery: what of it is stored, and how."""

from hashlib import sha256

from zstandard import ZstdCompressor

from hookline.core.answers import json_bytes
from hookline.domain.delivery import Delivery
from hookline.domain.intake import Receipt
from hookline.domain.text import clean, shorten
from hookline.domain.webhook import WebhookHandler

_LEVEL = 1
_HEADER_LIMIT = 1000


class ReceiptMaker:
    """Redacts and compresses; one per thread, since a compressor serves one call at a time."""

    def __init__(self) -> None:
        """Prepare a compressor."""
        self._compressor = ZstdCompressor(level=_LEVEL)

    def make(self, handler: WebhookHandler, delivery: Delivery) -> Receipt:
        """The receipt of a verified delivery."""
        headers = delivery.headers
        kept = {
            name: shorten(clean(headers[name]), _HEADER_LIMIT)
            for name in handler.kept_headers
            if name in headers
        }
        return Receipt(
            id=delivery.id,
            provider=handler.source.provider,
            source=handler.source.name,
            received_at=delivery.head.received_at,
            remote=delivery.head.remote,
            size=len(delivery.body),
            sha256=sha256(delivery.body).hexdigest(),
            headers=json_bytes(kept).decode(),
            body=self._compressor.compress(handler.redact(delivery.body, headers)),
        )
