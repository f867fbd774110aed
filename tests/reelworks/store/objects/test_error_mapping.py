"""Errors of S3 and of the disk become ours: refused, an outage, or no space."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ReadTimeoutError,
)
from s3transfer.exceptions import RetriesExceededError

from reelworks.errors import (
    NoSpaceError,
    PermissionDeniedError,
    ReelworksError,
    ServiceError,
    StoreRefusedError,
    StoreUnavailableError,
)
from reelworks.store.objects.error_mapping import (
    StoreDisk,
    blames_object,
    error_code,
    status_of,
    store_errors,
)

WHERE = "http://store.example"


def answer(status: int, code: str = "X", message: str = "") -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},
        },
        "GetObject",
    )


def mapped(error: Exception, disk: StoreDisk | None = None) -> ReelworksError:
    with pytest.raises(ReelworksError) as raised, store_errors("a/key", WHERE, disk):
        raise error
    return raised.value


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (answer(404, "NoSuchBucket"), StoreRefusedError),
        (answer(403, "AccessDenied"), StoreRefusedError),
        (answer(401, "InvalidAccessKeyId"), StoreRefusedError),
        (answer(400, "InvalidRequest"), StoreRefusedError),
        (answer(400, "RequestTimeout"), StoreUnavailableError),
        (answer(429), StoreUnavailableError),
        (answer(500, "InternalError"), StoreUnavailableError),
        (answer(503, "SlowDown"), StoreUnavailableError),
        (answer(507), NoSpaceError),
        (answer(400, "QuotaExceeded"), NoSpaceError),
        (answer(500, "InternalError", "write x: no space left on device"), NoSpaceError),
        (NoCredentialsError(), StoreRefusedError),
        (EndpointConnectionError(endpoint_url=WHERE), StoreUnavailableError),
        (ReadTimeoutError(endpoint_url=WHERE), StoreUnavailableError),
        (RetriesExceededError(OSError("broken off")), StoreUnavailableError),
        (BotoCoreError(), StoreRefusedError),
        (PermissionError(errno.EACCES, "no", "/secret"), PermissionDeniedError),
        (OSError(errno.ENOSPC, "full"), NoSpaceError),
        (OSError(errno.EIO, "worn out"), ServiceError),
    ],
)
def test_each_error_has_its_class(error: Exception, kind: type[ReelworksError]) -> None:
    assert type(mapped(error)) is kind


def test_a_file_that_is_missing_is_the_caller_s_to_explain() -> None:
    with pytest.raises(FileNotFoundError), store_errors("a/key", WHERE):
        raise FileNotFoundError("/gone")


def test_code_and_status_of_an_answer_that_has_none() -> None:
    assert (error_code(answer(404, "NoSuchKey")), status_of(answer(404))) == ("NoSuchKey", 404)
    bare = ClientError({}, "GetObject")
    assert (error_code(bare), status_of(bare)) == ("", 0)


@pytest.mark.parametrize(
    ("cause", "blamed"),
    [
        (answer(500, "InternalError"), True),
        (answer(500, "SlowDown"), False),
        (answer(502), False),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), True),
        (RetriesExceededError(IncompleteReadError(actual_bytes=1, expected_bytes=2)), True),
        (RetriesExceededError(ReadTimeoutError(endpoint_url=WHERE)), False),
        (EndpointConnectionError(endpoint_url=WHERE), False),
    ],
)
def test_only_a_store_that_answers_blames_an_object(cause: Exception, blamed: bool) -> None:
    error = StoreUnavailableError("x")
    error.__cause__ = cause
    assert blames_object(error) is blamed


def test_a_full_disk_explains_the_store_s_internal_errors_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = StoreDisk(tmp_path)
    usage = type(shutil.disk_usage(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 0))
    with pytest.raises(NoSpaceError, match="anything new"):
        disk.must_have_room()
    assert type(mapped(answer(500), disk)) is NoSpaceError

    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 0, 10**9))
    disk.must_have_room()
    assert type(mapped(answer(500), disk)) is NoSpaceError, "it continues after room was made"
    monkeypatch.setattr(StoreDisk, "MEMORY", 0.0)
    assert type(mapped(answer(500), StoreDisk(tmp_path))) is StoreUnavailableError
