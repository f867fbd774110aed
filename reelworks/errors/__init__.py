"""One family of errors.

Each class says what kind of trouble it is (``code``), whether trying again can help
(``retryable``), how HTTP answers (``http_status``) and how the command line ends
(``exit_code``). A message is one plain sentence that names the file or service, the cause, and
what to do. It never holds a secret.
"""

from __future__ import annotations

from reelworks.errors.base import ReelworksError
from reelworks.errors.exhausted import exhausted
from reelworks.errors.inputs import (
    InputError,
    JobRefusedError,
    NotStoredError,
    OverLimitError,
    SearchExpiredError,
    SourceChangedError,
    SourceNotFoundError,
    SourceUnavailableError,
    SourceUnreadableError,
    SourceVanishedError,
    UnknownBackfillError,
    UnknownFrameError,
    UnknownJobError,
    UnknownVideoError,
    UnsafeAddressError,
    UnsafeMediaError,
    UnsupportedMediaError,
)
from reelworks.errors.providers import (
    ProviderAnswerError,
    ProviderAuthError,
    ProviderError,
    ProviderRejectedError,
    ProviderUnavailableError,
    RateLimitedError,
)
from reelworks.errors.requests import (
    BusyError,
    ClientTooSlowError,
    ConflictError,
    ForbiddenError,
    HeadTooLargeError,
    OtherRequestError,
    RequestError,
    TooManyRequestsError,
    UnauthenticatedError,
)
from reelworks.errors.services import (
    ArtifactMissingError,
    DatabaseRefusedError,
    DatabaseUnavailableError,
    LeaseLostError,
    NoSpaceError,
    NothingDeployedError,
    OtherQuestionError,
    OutOfResourcesError,
    PermissionDeniedError,
    PrefectRefusedError,
    PrefectUnavailableError,
    ServiceError,
    StoreRefusedError,
    StoreUnavailableError,
    WorkerLostError,
)
from reelworks.errors.setup import GpuMemoryError, ModelUnavailableError, SettingsError
from reelworks.errors.work import CancelledError, NotKeptError, ProcessError, StageTimeoutError

__all__ = [
    "ArtifactMissingError",
    "BusyError",
    "CancelledError",
    "ClientTooSlowError",
    "ConflictError",
    "DatabaseRefusedError",
    "DatabaseUnavailableError",
    "ForbiddenError",
    "GpuMemoryError",
    "HeadTooLargeError",
    "InputError",
    "JobRefusedError",
    "LeaseLostError",
    "ModelUnavailableError",
    "NoSpaceError",
    "NotKeptError",
    "NotStoredError",
    "NothingDeployedError",
    "OtherQuestionError",
    "OtherRequestError",
    "OutOfResourcesError",
    "OverLimitError",
    "PermissionDeniedError",
    "PrefectRefusedError",
    "PrefectUnavailableError",
    "ProcessError",
    "ProviderAnswerError",
    "ProviderAuthError",
    "ProviderError",
    "ProviderRejectedError",
    "ProviderUnavailableError",
    "RateLimitedError",
    "ReelworksError",
    "RequestError",
    "SearchExpiredError",
    "ServiceError",
    "SettingsError",
    "SourceChangedError",
    "SourceNotFoundError",
    "SourceUnavailableError",
    "SourceUnreadableError",
    "SourceVanishedError",
    "StageTimeoutError",
    "StoreRefusedError",
    "StoreUnavailableError",
    "TooManyRequestsError",
    "UnauthenticatedError",
    "UnknownBackfillError",
    "UnknownFrameError",
    "UnknownJobError",
    "UnknownVideoError",
    "UnsafeAddressError",
    "UnsafeMediaError",
    "UnsupportedMediaError",
    "WorkerLostError",
    "exhausted",
]
