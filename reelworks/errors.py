"""One family of errors.

Each class says what kind of trouble it is (``code``), whether trying again can help
(``retryable``), how HTTP answers (``http_status``) and how the command line ends
(``exit_code``). A message is one plain sentence that names the file or service, the cause, and
what to do. It never holds a secret.
"""

from __future__ import annotations

from typing import ClassVar


class ReelworksError(Exception):
    """Anything that Reelworks itself reports."""

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1


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
    """The source was written to while it was being read; another try reads it as it is then."""

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
    """The further pages of a search are kept no longer; searching again makes new ones."""

    code = "search_expired"
    http_status = 410


class UnknownJobError(InputError):
    """No job has that id."""

    code = "unknown_job"
    http_status = 404


class JobRefusedError(InputError):
    """The flow of a job does not take its parameters. Permanent."""

    code = "job_refused"


class NotStoredError(InputError):
    """The video has no such file, or not yet."""

    code = "not_stored"
    http_status = 404


class UnsafeAddressError(InputError):
    """An address leads to a machine that must not be asked: a private or a reserved one."""

    code = "unsafe_address"


class OverLimitError(InputError):
    """Something is larger or longer than the settings allow. Permanent."""

    code = "over_limit"
    http_status = 413


class RequestError(InputError):
    """A request to the API cannot be understood."""

    code = "bad_request"
    http_status = 400


class UnauthenticatedError(RequestError):
    """The API needs a token, and none that is valid was given."""

    code = "unauthenticated"
    http_status = 401


class ForbiddenError(RequestError):
    """The caller may not do this."""

    code = "forbidden"
    http_status = 403


class ConflictError(RequestError):
    """What is asked for does not fit what is there."""

    code = "conflict"
    http_status = 409


class BusyError(ConflictError):
    """The same request is being worked on; its answer will be there in a moment."""

    code = "busy"
    retryable = True

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds to wait."""


class TooManyRequestsError(RequestError):
    """The caller asks more often than the settings allow."""

    code = "too_many_requests"
    http_status = 429
    retryable = True

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds to wait."""


class UnknownBackfillError(InputError):
    """No backfill has that id."""

    code = "unknown_backfill"
    http_status = 404


class SourceVanishedError(InputError):
    """Too much of a source is gone at once: it is more likely out of reach than deleted."""

    code = "source_vanished"
    http_status = 409


class SettingsError(ReelworksError):
    """A setting is missing or wrong. Permanent."""

    code = "bad_settings"
    exit_code = 4


class ModelUnavailableError(ReelworksError):
    """A model's weights cannot be had or do not match their digest."""

    code = "model_unavailable"
    exit_code = 4


class GpuMemoryError(ReelworksError):
    """A model does not fit into the GPU's free memory, even with one item at a time. Permanent."""

    code = "gpu_memory"
    http_status = 507
    exit_code = 4


class ProviderError(ReelworksError):
    """A hosted model's provider gave no usable answer."""

    code = "provider"
    http_status = 502
    exit_code = 5


class ProviderAuthError(ProviderError):
    """The provider refuses the key. Permanent."""

    code = "provider_auth"


class ProviderRejectedError(ProviderError):
    """The provider refuses this request for good: content policy, unknown model, too large."""

    code = "provider_rejected"


class ProviderUnavailableError(ProviderError):
    """The provider is down, slow or out of reach; later may work."""

    code = "provider_unavailable"
    retryable = True


class RateLimitedError(ProviderError):
    """The provider asks to slow down."""

    code = "rate_limited"
    retryable = True

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds to wait, when the provider says so."""


class ProviderAnswerError(ProviderError):
    """The answer is cut off, is no JSON or breaks the schema; asking again may help."""

    code = "provider_answer"
    retryable = True


class ServiceError(ReelworksError):
    """A part that Reelworks stands on cannot be used."""

    code = "service"
    http_status = 503
    exit_code = 6


class StoreUnavailableError(ServiceError):
    """The artifact store cannot be reached; later may work."""

    code = "store_unavailable"
    retryable = True


class StoreRefusedError(ServiceError):
    """The artifact store refuses the keys, or the bucket is missing. Permanent."""

    code = "store_refused"


class ArtifactMissingError(ServiceError):
    """An artifact that a stage needs is gone from the store, or its content has changed."""

    code = "artifact_missing"
    retryable = True


class DatabaseUnavailableError(ServiceError):
    """PostgreSQL cannot be reached or ended the connection; later may work."""

    code = "database_unavailable"
    retryable = True


class DatabaseRefusedError(ServiceError):
    """PostgreSQL refuses the login, or lacks an extension. Permanent."""

    code = "database_refused"


class PrefectUnavailableError(ServiceError):
    """The Prefect server does not answer; later may work."""

    code = "prefect_unavailable"
    retryable = True


class PrefectRefusedError(ServiceError):
    """The Prefect server refuses the key. Permanent."""

    code = "prefect_refused"


class WorkerLostError(ServiceError):
    """The worker that ran a stage died; another may do it."""

    code = "worker_lost"
    retryable = True


class LeaseLostError(ServiceError):
    """A job went to another run meanwhile, or somebody cancelled it: this run must stop."""

    code = "lease_lost"
    http_status = 409


class NothingDeployedError(ServiceError):
    """No flow is deployed that does such jobs; somebody may deploy it."""

    code = "nothing_deployed"
    retryable = True


class OtherQuestionError(ServiceError):
    """A worker would answer another question than asked: its code or models differ. Permanent."""

    code = "other_question"


class NoSpaceError(ServiceError):
    """A disk is full. Permanent until somebody makes room."""

    code = "no_space"
    http_status = 507


class PermissionDeniedError(ServiceError):
    """A folder of ours cannot be written."""

    code = "permission_denied"


class ProcessError(ReelworksError):
    """A program that we ran ended badly.

    ``arguments`` is the whole command line, ``tail`` the last lines that it wrote to stderr.
    """

    code = "process"

    def __init__(self, message: str, *, arguments: tuple[str, ...] = (), tail: str = "") -> None:
        super().__init__(message)
        self.arguments = arguments
        self.tail = tail


class StageTimeoutError(ReelworksError):
    """A stage took longer than its limit; another try may be faster."""

    code = "timeout"
    retryable = True


class CancelledError(ReelworksError):
    """Somebody stopped the work."""

    code = "cancelled"
    exit_code = 130


class NotKeptError(ReelworksError):
    """No answer to a question is kept, and the asker did not want it computed here."""

    code = "not_kept"

    def __init__(self, question: str) -> None:
        super().__init__(f"No answer to the question {question} is kept.")
        self.question = question
        """The question's cache key."""
