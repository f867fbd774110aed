"""Errors of inputs: they cannot be used, or do not exist."""

from __future__ import annotations

from reelworks.errors.base import ReelworksError


class InputError(ReelworksError):
    """The input cannot be used as it is. Permanent."""

    code = "bad_input"
    http_status = 422
    exit_code = 3


class SourceNotFoundError(InputError):
    """There is nothing at the path, URL or key."""

    code = "source_not_found"
    http_status = 404


class SourceUnreadableError(InputError):
    """The source exists but may not be read."""

    code = "source_unreadable"
    http_status = 403


class SourceUnavailableError(InputError):
    """The source's server does not answer now; later may work."""

    code = "source_unavailable"
    http_status = 502
    retryable = True

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds to wait, when the server says so."""


class SourceChangedError(InputError):
    """The source was written to while it was being read; another attempt reads the new content."""

    code = "source_changed"
    http_status = 409
    retryable = True


class UnsupportedMediaError(InputError):
    """The file is empty, is not media, or holds nothing that can be decoded."""

    code = "unsupported_media"
    http_status = 415


class UnsafeMediaError(InputError):
    """The file is a script or a playlist in disguise and would open other files or hosts."""

    code = "unsafe_media"


class UnknownVideoError(InputError):
    """No video has that id."""

    code = "unknown_video"
    http_status = 404


class UnknownFrameError(InputError):
    """No frame has that id."""

    code = "unknown_frame"
    http_status = 404


class SearchExpiredError(InputError):
    """The further pages of a search have expired; searching again makes new ones."""

    code = "search_expired"
    http_status = 410


class UnknownJobError(InputError):
    """No job has that id."""

    code = "unknown_job"
    http_status = 404


class InvalidJobParametersError(InputError):
    """The flow of a job does not accept its parameters. Permanent."""

    code = "invalid_job_parameters"


class NotStoredError(InputError):
    """The video has no such file, or not yet."""

    code = "not_stored"
    http_status = 404


class UnsafeAddressError(InputError):
    """A URL leads to a private or reserved address, which must not be requested."""

    code = "unsafe_address"


class OverLimitError(InputError):
    """Something is larger or longer than the settings allow. Permanent."""

    code = "over_limit"
    http_status = 413


class UnknownBackfillError(InputError):
    """No backfill has that id."""

    code = "unknown_backfill"
    http_status = 404


class SourceVanishedError(InputError):
    """Too much of a source is gone at once: it is more likely out of reach than deleted."""

    code = "source_vanished"
    http_status = 409
