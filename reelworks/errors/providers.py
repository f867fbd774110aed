"""Errors of the providers of hosted models."""

from __future__ import annotations

from reelworks.errors.base import ReelworksError


class ProviderError(ReelworksError):
    """A hosted model's provider gave no usable answer."""

    code = "provider"
    http_status = 502
    exit_code = 5


class ProviderAuthError(ProviderError):
    """The provider refuses the key. Permanent."""

    code = "provider_auth"


class ProviderRejectedError(ProviderError):
    """The provider refuses this request permanently: content policy, unknown model, too large."""

    code = "provider_rejected"


class ProviderUnavailableError(ProviderError):
    """The provider is down, slow or out of reach; later may work."""

    code = "provider_unavailable"
    retryable = True


class RateLimitedError(ProviderError):
    """The provider rate-limited the request."""

    code = "rate_limited"
    retryable = True

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds to wait, when the provider says so."""


class ProviderAnswerError(ProviderError):
    """The response is cut off, is not JSON or breaks the schema; another attempt may help."""

    code = "provider_answer"
    retryable = True
