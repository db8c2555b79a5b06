"""HMAC-SHA256 over a streamed body, with the current and the previous secret."""

import hmac
import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256

from hookline.domain.errors import SignatureRejectedError

_SECRETS_PREPARED = 64
_HEX_SHA256 = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


class HmacSignature:
    """A body signature in progress; every secret of the source is tried, in constant time."""

    __slots__ = ("_expected", "_macs", "_provider")

    def __init__(
        self, provider: str, secrets: Sequence[bytes], signature: str | None, prefix: bytes = b""
    ) -> None:
        """Begin a check.

        Args:
            provider: names the provider in errors.
            secrets: the source's secrets; never empty.
            signature: the hexadecimal digest the sender gave, without its scheme.
            prefix: bytes that are signed before the body.

        Raises:
            SignatureRejectedError: no signature, or not 64 hexadecimal digits.
        """
        if signature is None:
            raise SignatureRejectedError(provider, "signature header missing")
        if not _HEX_SHA256.fullmatch(signature):
            raise SignatureRejectedError(provider, "signature header malformed")
        self._provider = provider
        self._expected = bytes.fromhex(signature)
        self._macs = [_begun(secret).copy() for secret in secrets]
        if prefix:
            self.update(prefix)

    def update(self, chunk: bytes, /) -> None:
        """Take the next bytes of the body."""
        for mac in self._macs:
            mac.update(chunk)

    def check(self) -> None:
        """Compare with every secret.

        Raises:
            SignatureRejectedError: none of them signed the body.
        """
        matches = [hmac.compare_digest(mac.digest(), self._expected) for mac in self._macs]
        if not any(matches):
            raise SignatureRejectedError(self._provider, "signature does not match")


@lru_cache(_SECRETS_PREPARED)
def _begun(secret: bytes) -> hmac.HMAC:
    return hmac.new(secret, digestmod=sha256)
