"""Everything that can go wrong, as one tree; each error carries its data."""

from datetime import timedelta


class HooklineError(Exception):
    """Root of all errors of Hookline; its text is one clear sentence for a person."""


class ConfigurationError(HooklineError):
    """A setting is missing, unknown or wrong; the start stops with this sentence."""


class RefusedDeliveryError(HooklineError):
    """A delivery is refused before anything of it is stored."""

    status = 400
    word = "malformed"

    def __init__(self, provider: str, why: str) -> None:
        """Keep the provider and the reason, which never holds a value of the request."""
        super().__init__(f"{provider}: {why}")
        self.provider = provider
        self.why = why


class SignatureRejectedError(RefusedDeliveryError):
    """The signature is missing, malformed, stale or wrong."""

    status = 401
    word = "unauthorized"


class MalformedPayloadError(RefusedDeliveryError):
    """The body is not what the provider documents; `why` names the field, never the value."""


class BodyTooLargeError(RefusedDeliveryError):
    """The body is larger than the source's limit."""

    status = 413
    word = "too_large"


class UnsupportedMediaError(RefusedDeliveryError):
    """The content type or content encoding is not one that the provider sends."""

    status = 415
    word = "unsupported"


class OverloadedError(RefusedDeliveryError):
    """There is no room for this delivery now; the sender should come again."""

    status = 503
    word = "unavailable"

    def __init__(self, provider: str, why: str, retry_after: timedelta = timedelta(seconds=5)) -> None:
        """Keep when to come again beside the reason."""
        super().__init__(provider, why)
        self.retry_after = retry_after


class StorageUnavailableError(HooklineError):
    """The database cannot be reached or did not answer in time."""


class UnstorableError(HooklineError):
    """The database refused one particular row for what is in it."""


class UnfitFinishError(HooklineError):
    """What a worker tells of an attempt's end cannot be kept; the text names the field, never the value."""


class UnfitRecordError(HooklineError):
    """What a worker tells of an attempt cannot be kept; the text names the field, never the value."""


class WorkerNameTakenError(HooklineError):
    """A worker of this name is there already."""


class QueueUnavailableError(HooklineError):
    """The queue's server cannot be reached or did not answer in time."""


class CircuitOpenError(HooklineError):
    """The circuit breaker refuses calls for now."""

    def __init__(self, name: str, retry_after: timedelta) -> None:
        """Keep the breaker's name and the time until it lets a probe through."""
        super().__init__(f"{name}: circuit open, next probe in {retry_after.total_seconds():.1f} s")
        self.name = name
        self.retry_after = retry_after


class NotFoundError(HooklineError):
    """No such task or delivery."""
