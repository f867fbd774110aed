"""Errors of API requests."""

from __future__ import annotations

from reelworks.errors.inputs import InputError


class RequestError(InputError):
    """A request to the API cannot be understood."""

    code = "bad_request"
    http_status = 400


class UnsupportedTypeError(RequestError):
    """The request's body has a content type that the API does not take there."""

    code = "unsupported_content_type"
    http_status = 415


class UnauthenticatedError(RequestError):
    """The API needs a token, and none that is valid was given."""

    code = "unauthenticated"
    http_status = 401


class ForbiddenError(RequestError):
    """The caller may not do this."""

    code = "forbidden"
    http_status = 403


class ConflictError(RequestError):
    """The request conflicts with the current state."""

    code = "conflict"
    http_status = 409


class BusyError(ConflictError):
    """The same request is being processed; its response will be there in a moment."""

    code = "busy"
    retryable = True

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds to wait."""


class TooManyRequestsError(RequestError):
    """The caller sends more requests than the settings allow."""

    code = "too_many_requests"
    http_status = 429
    retryable = True

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds to wait."""


class ClientTooSlowError(RequestError):
    """A caller sent nothing for too long."""

    code = "client_too_slow"
    http_status = 408
    retryable = True


class HeadersTooLargeError(RequestError):
    """A request's URL and headers are too long, or there are too many."""

    code = "headers_too_large"
    http_status = 431


class IdempotencyKeyReusedError(RequestError):
    """An idempotency key was used for another request before."""

    code = "idempotency_key_reused"
    http_status = 422
