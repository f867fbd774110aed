"""Download of a source by HTTP."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import httpx

from reelworks.domain.jobs.progress import Progress
from reelworks.domain.printable import one_line
from reelworks.errors import (
    InputError,
    NoSpaceError,
    OverLimitError,
    PermissionDeniedError,
    SourceNotFoundError,
    SourceUnavailableError,
    SourceUnreadableError,
    exhausted,
)
from reelworks.providers.http.public_client import client
from reelworks.providers.http.retry_after import retry_after
from reelworks.stages.source.limits import SourceLimits

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_SPARE_BYTES = 64 << 20


def download(url: str, target: Path, shown: str, progress: Progress, limits: SourceLimits) -> Path:
    """Download ``url`` to the path ``target`` and return it; ``progress`` counts bytes.

    Messages name the source ``shown``, which holds no secrets.

    Raises ``InputError`` for an invalid URL, ``SourceNotFoundError``, ``SourceUnreadableError``,
    ``SourceUnavailableError`` (transient), ``UnsafeAddressError``, ``OverLimitError``,
    ``NoSpaceError`` and ``PermissionDeniedError``.
    """
    try:
        with (
            client(
                private=limits.private_addresses,
                timeout=_TIMEOUT,
                least_speed=limits.least_speed,
            ) as session,
            session.stream("GET", url) as answer,
        ):
            _check_status(answer, shown)
            total = int(answer.headers.get("content-length", 0))
            _check_size(total, limits, shown)
            _check_free_space(target.parent, total, shown)
            with target.open("wb") as file:
                # As they arrive: waiting for a full block would keep a slow source from being
                # stopped.
                for piece in answer.iter_bytes():
                    file.write(piece)
                    _check_size(file.tell(), limits, shown)
                    progress(file.tell(), max(total, file.tell()))
    except (
        httpx.InvalidURL,
        httpx.UnsupportedProtocol,
        httpx.TooManyRedirects,
        UnicodeError,  # a host name that IDNA cannot encode
    ) as error:
        reason = one_line(str(error)).rstrip(".")
        raise InputError(f"{shown} cannot be fetched: {reason}.") from None
    except httpx.HTTPError as error:
        reason = one_line(str(error) or type(error).__name__).rstrip(".")
        raise exhausted(error) or SourceUnavailableError(
            f"{shown} cannot be fetched now: {reason}."
        ) from None
    except OSError as error:
        raise exhausted(error) or PermissionDeniedError(
            f"{shown} cannot be written to {target.parent}: {error.strerror}."
        ) from None
    return target


def _check_status(answer: httpx.Response, shown: str) -> None:
    status = answer.status_code
    if status in (404, 410):
        raise SourceNotFoundError(f"{shown} does not exist (HTTP {status}).")
    if status in (408, 425, 429) or status >= 500:
        wait = retry_after(answer.headers, datetime.now(UTC))
        until = "" if wait is None else f"; its server asks to wait {wait:.0f} s"
        raise SourceUnavailableError(
            f"{shown} cannot be fetched now (HTTP {status}){until}.", retry_after=wait
        )
    if status >= 400:
        raise SourceUnreadableError(f"{shown} may not be read (HTTP {status}).")


def _check_size(size: int, limits: SourceLimits, shown: str) -> None:
    if limits.max_bytes is not None and size > limits.max_bytes:
        raise OverLimitError(
            f"{shown} is larger than {limits.max_bytes // 1_000_000} MB (MAX_UPLOAD_MB)."
        )


def _check_free_space(folder: Path, needed: int, shown: str) -> None:
    free = shutil.disk_usage(folder).free
    if needed + _SPARE_BYTES > free:
        raise NoSpaceError(
            f"{shown} needs {needed >> 20} MB, but {folder} has {free >> 20} MB free; make room."
        )
