"""Responses with files of the store: streamed through the API, or a redirect to a signed URL."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from reelworks.app.api.http.files.file_stream import FileStream
from reelworks.app.api.http.files.ranges import (
    UnsatisfiableRangeError,
    is_unchanged,
    span_of,
    wants_range,
)
from reelworks.app.api.http.methods import is_head
from reelworks.app.api.http.problems import problem_of, problem_response
from reelworks.app.api.http.request_context import Api
from reelworks.domain.digest import sha256_of_bytes
from reelworks.errors import (
    ArtifactDamagedError,
    ArtifactMissingError,
    NotStoredError,
    StoreUnavailableError,
    UnsupportedMediaError,
)
from reelworks.media.thumbnail import check_jpeg, shrink_jpeg
from reelworks.stages.source.ingest import safe_name
from reelworks.store.objects.artifacts import Artifact
from reelworks.store.objects.streams import read_range

log = logging.getLogger(__name__)
Image = TypeVar("Image")
SIGNED_SECONDS = 3600
"""How long a signed URL works."""
SMALL_SECONDS = 300
"""How long a browser shows a small image without revalidating it."""


@dataclass(frozen=True, slots=True)
class FileDownload:
    """A file and how a browser shows or saves it."""

    key: str
    name: str
    """For people; made safe for headers in ``disposition``."""
    content_type: str
    """Set by the server, never by the uploader: ``application/octet-stream`` for originals."""
    inline: bool = True

    @property
    def disposition(self) -> str:
        """The header ``Content-Disposition``: no name can end the line or the quotes."""
        kind = "inline" if self.inline else "attachment"
        spelled = quote(self.name.encode(errors="replace"), safe="")
        return f"{kind}; filename=\"{safe_name(self.name)}\"; filename*=UTF-8''{spelled}"


def file_response(request: Request, api: Api, file: FileDownload) -> Response:
    """Answer a GET or HEAD for a file, with byte ranges and an entity tag.

    Raises ``NotStoredError`` when it is not in the store.
    """
    found = api.media.head(file.key)
    if found is None:
        raise _not_stored(file)
    if api.settings.s3.public_url is not None:
        address = api.media.signed_address(
            file.key,
            SIGNED_SECONDS,
            content_type=file.content_type,
            disposition=file.disposition,
        )
        return RedirectResponse(address, 307, headers={"Cache-Control": "private, max-age=300"})
    return _streamed(request, api, file, found)


def image_response(request: Request, api: Api, file: FileDownload) -> Response:
    """Answer a GET or HEAD for an image, which is decoded before its first byte is sent.

    Raises ``NotStoredError`` when it is not in the store, ``ArtifactDamagedError`` when it does
    not decode.
    """
    found = api.media.head(file.key)
    if found is None:
        raise _not_stored(file)
    if api.settings.s3.public_url is not None:
        return file_response(request, api, file)
    return _streamed(request, api, file, found, lambda: _decoded_image(api, file, found, _checked))


def thumbnail_response(request: Request, api: Api, file: FileDownload, width: int) -> Response:
    """Answer a GET or HEAD for an image at most ``width`` pixels wide.

    It is made for each request, which takes a few milliseconds: no artifact to invalidate.
    Raises ``NotStoredError`` when the image is not in the store, and ``ArtifactDamagedError``
    when it does not decode.
    """
    found = api.media.head(file.key)
    if found is None:
        raise _not_stored(file)
    etag = f'"{found.sha256 or found.etag}-{width}"'
    headers = _headers(file, etag) | {"Cache-Control": f"private, max-age={SMALL_SECONDS}"}
    if is_unchanged(request.headers, etag):
        return Response(status_code=304, headers=headers)
    small = _decoded_image(api, file, found, lambda jpeg: shrink_jpeg(jpeg, width))
    return Response(small, headers=headers, media_type=file.content_type)


def _decoded_image(
    api: Api, file: FileDownload, found: Artifact, work: Callable[[bytes], Image]
) -> Image:
    with _examined(api, found):
        whole = api.media.get_bytes(file.key)
    if whole is None:
        raise _not_stored(file)
    try:
        if found.sha256 and sha256_of_bytes(whole) != found.sha256:
            raise UnsupportedMediaError(f"{file.key} differs from what was stored.")
        return work(whole)
    except UnsupportedMediaError as error:
        api.examiner.check(found)
        raise _damaged(found) from error


@contextmanager
def _examined(api: Api, found: Artifact) -> Iterator[None]:
    """Queue a file that cannot be read for a check; a damaged one is then reported as such."""
    try:
        yield
    except (StoreUnavailableError, ArtifactMissingError) as error:
        api.examiner.check(found)
        if api.examiner.found_damaged(found):
            raise _damaged(found) from error
        raise


def _damaged(found: Artifact) -> ArtifactDamagedError:
    return ArtifactDamagedError(
        f"The file {found.key} in the store is damaged; index its video again."
    )


def _checked(jpeg: bytes) -> bytes:
    check_jpeg(jpeg)
    return jpeg


def _headers(file: FileDownload, etag: str) -> dict[str, str]:
    return {
        "ETag": etag,
        "Content-Disposition": file.disposition,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Vary": "Accept",
    }


def _not_stored(file: FileDownload) -> NotStoredError:
    return NotStoredError(f"{file.key} is not in the store (any more); index the video again.")


def _streamed(
    request: Request,
    api: Api,
    file: FileDownload,
    found: Artifact,
    read: Callable[[], bytes] | None = None,
) -> Response:
    """Answer with the file or a range of it; ``read`` returns it whole where it must be checked."""
    etag = f'"{found.sha256 or found.etag}"'
    headers = _headers(file, etag) | {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
    }
    if is_unchanged(request.headers, etag):
        return Response(status_code=304, headers=headers)
    header = request.headers.get("range") if wants_range(request.headers, etag) else None
    try:
        span = span_of(header, found.size)
    except UnsatisfiableRangeError:
        return _unsatisfiable(found)
    start, end = (span.start, span.end) if span else (0, found.size)
    headers["Content-Length"] = str(end - start)
    if span:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{found.size}"
    status = 206 if span else 200
    if read is not None:
        content = read()[start:end]
        return Response(content, status, headers=headers, media_type=file.content_type)
    if is_head(request) or start == end:
        return Response(status_code=status, headers=headers, media_type=file.content_type)
    body = read_range(api.media, found, start, end)
    with _examined(api, found):
        first = next(body, b"")  # a damaged file gets an error response, not half a body
    check = partial(api.examiner.check, found)
    return FileStream(
        body, status, headers, file.content_type, key=file.key, first=first, on_broken=check
    )


def _unsatisfiable(found: Artifact) -> Response:
    size = {"Content-Range": f"bytes */{found.size}", "Accept-Ranges": "bytes"}
    detail = f"The file has {found.size} bytes; the range begins after them."
    return problem_response(problem_of(416, "no_such_range", detail), size)
