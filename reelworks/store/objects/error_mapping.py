"""Error mapping: errors of an S3 server as ours."""

from __future__ import annotations

import errno
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ResponseStreamingError,
)
from botocore.exceptions import (
    ConnectionError as S3ConnectionError,
)
from s3transfer.exceptions import RetriesExceededError

from reelworks.domain.disk import STORE_SHARE, is_full
from reelworks.errors import (
    NoSpaceError,
    PermissionDeniedError,
    ServiceError,
    StoreRefusedError,
    StoreUnavailableError,
    exhausted,
)

AMAZON = "Amazon S3"
"""What the store is called when no endpoint is set."""

_OUTAGES = (S3ConnectionError, HTTPClientError, IncompleteReadError, ResponseStreamingError)
_FULL = {"InsufficientStorage", "XMinioStorageFull", "QuotaExceeded", "StorageFull"}
_INTERNAL = 500
_BUSY = {
    "ServiceUnavailable",
    "SlowDown",
    "RequestTimeout",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
}


def create_bucket(client: Any, bucket: str, address: str) -> None:
    """Make a bucket; one that is ours already is no error."""
    region = client.meta.region_name
    location: dict[str, Any] = {}
    if region != "us-east-1" and address == AMAZON:
        location = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        client.create_bucket(Bucket=bucket, **location)
    except ClientError as error:
        if error_code(error) not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise
        client.head_bucket(Bucket=bucket)  # refused when it is another account's


def error_code(error: ClientError) -> str:
    """Return S3's code of an error, for example ``NoSuchKey``."""
    return str(error.response.get("Error", {}).get("Code", ""))


def status_of(error: ClientError) -> int:
    """Return the HTTP status of an error, 0 when it has none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def blames_object(error: StoreUnavailableError) -> bool:
    """Tell whether the store answered, and failed at this object: with a 500 or a short body.

    A store that is silent, busy or behind a broken gateway says nothing of any object.
    """
    cause = error.__cause__
    if isinstance(cause, RetriesExceededError):
        cause = cause.last_exception
    if isinstance(cause, ClientError):
        return status_of(cause) == _INTERNAL and error_code(cause) not in _BUSY
    return isinstance(cause, (IncompleteReadError, ResponseStreamingError))


class StoreDisk:
    """The disk of a store that runs on this machine, which cannot say that it is full.

    The embedded server calls that an internal error, and still does so after room was made,
    until the watchdog has started it again.
    """

    MEMORY = 60.0
    """Seconds for which an error may still be the full disk's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._full_until = -math.inf

    def must_have_room(self) -> None:
        """Raise ``NoSpaceError`` when the store will write no more."""
        if is_full(self.folder, STORE_SHARE):
            raise self.error("anything new")

    def error(self, subject: str) -> NoSpaceError:
        """Return what to say when ``subject`` met the full disk."""
        return NoSpaceError(
            f"The disk of {self.folder} is full, so the artifact store cannot store {subject}; "
            "make room there."
        )

    def stopped_it(self) -> bool:
        """Tell whether an internal error of the store comes from a full disk."""
        if is_full(self.folder, STORE_SHARE):
            self._full_until = time.monotonic() + self.MEMORY
        return time.monotonic() < self._full_until


@contextmanager
def store_errors(subject: str, address: str, disk: StoreDisk | None = None) -> Iterator[None]:
    """Turn the errors of the SDK and of the local disk into ours; ``subject`` is key or bucket.

    ``disk`` is the store's, when it is known to be one of this machine's.
    """
    try:
        yield
    except ClientError as error:
        raise _refusal(error, subject, address, disk) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise StoreRefusedError(
            "No keys for the artifact store; set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY."
        ) from error
    except (*_OUTAGES, RetriesExceededError) as error:
        raise exhausted(error) or StoreUnavailableError(
            f"The artifact store at {address} cannot be reached ({type(error).__name__}); "
            "check that it runs, or S3_ENDPOINT_URL."
        ) from error
    except BotoCoreError as error:
        raise StoreRefusedError(
            f"The artifact store at {address} cannot be used for {subject}: {error}."
        ) from error
    except FileNotFoundError:
        raise
    except PermissionError as error:
        raise PermissionDeniedError(f"{error.filename} may not be read or written.") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpaceError(
                f"The disk is full, so {subject} cannot be stored; make room and try again."
            ) from error
        raise exhausted(error) or ServiceError(
            f"{subject} cannot be moved: {error.strerror or error}."
        ) from error


def _refusal(
    error: ClientError, subject: str, address: str, disk: StoreDisk | None
) -> ServiceError:
    code, status = error_code(error), status_of(error)
    text = str(error.response.get("Error", {}).get("Message", ""))
    if code in _FULL or status == 507 or "no space left" in text.lower():
        return NoSpaceError(f"The artifact store at {address} is full: {subject} cannot be stored.")
    if status >= 500 and disk is not None and disk.stopped_it():
        return disk.error(subject)
    if code == "NoSuchBucket":
        return StoreRefusedError(
            f"The bucket for {subject} does not exist at {address}; create it or set S3_BUCKET."
        )
    if status in (401, 403):
        return StoreRefusedError(_forbidden(code, subject, address))
    if status >= 500 or status in (408, 429) or code in _BUSY:
        return StoreUnavailableError(
            f"The artifact store at {address} cannot serve {subject} now ({code or status})."
        )
    return StoreRefusedError(f"The artifact store at {address} refuses {subject} ({code}: {text}).")


def _forbidden(code: str, subject: str, address: str) -> str:
    if code == "InvalidObjectState":  # in Glacier, or a like class
        return f"{subject} is archived at {address} and cannot be read; restore it there first."
    return (
        f"The artifact store at {address} refuses the keys for {subject} ({code}); "
        "check S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY."
    )
