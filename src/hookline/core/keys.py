"""Dedupe, conversation and origin keys; all of one source begin with its namespace."""

from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class KeySpace:
    """Makes the keys of one namespace (`github`, `jira@second`)."""

    namespace: str

    def delivery(self, external_id: str) -> str:
        """The key of the provider's delivery id."""
        return self._bounded("delivery", external_id)

    def body(self, body: bytes) -> str:
        """The key of the raw body."""
        return self.digest(sha256(body).hexdigest())

    def digest(self, sha256_hex: str) -> str:
        """The key of a raw body whose SHA-256 is known."""
        return f"{self.namespace}:body:{sha256_hex}"

    def subject(self, *parts: str) -> str:
        """The key of a subject: the thing and its version."""
        return self._bounded("subject", "/".join(parts))

    def open(self, *parts: str) -> str:
        """A key that is held while a task is unfinished."""
        return self._bounded(*parts, "open")

    def conversation(self, place: str) -> str:
        """The key of a conversation; also the shape of lanes and origins."""
        return self._bounded(place)

    lane = conversation
    origin = conversation

    def _bounded(self, *parts: str) -> str:
        text = f"{self.namespace}:{':'.join(parts)}"
        if len(text) <= _KEY_LIMIT:
            return text
        return f"{text[:_KEPT]}#{sha256(text.encode('utf-8', 'replace')).hexdigest()}"


_KEY_LIMIT = 255
_KEPT = _KEY_LIMIT - 65
