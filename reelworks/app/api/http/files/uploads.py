"""Uploads: streamed to the store while they arrive."""

from __future__ import annotations

from dataclasses import dataclass

import anyio
from anyio import to_thread
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from reelworks.app.api.http.files.multipart import FileBegins, Form
from reelworks.app.api.http.request_context import Api
from reelworks.app.api.schemas.requests import Strict
from reelworks.errors import RequestError
from reelworks.media.inspect.magic import check_head
from reelworks.media.inspect.sniff import HEAD_BYTES
from reelworks.operations.parameters import (
    Address,
    AudioTrackNumber,
    Language,
    Library,
    Title,
    VideoId,
)
from reelworks.stages.source.ingest import safe_name
from reelworks.store.objects.streams import Upload

_BLOCK = 1 << 20
"""Bytes that one call writes to the store."""


class UploadFields(Strict):
    """Fields of an upload form beside the file."""

    id: VideoId | None = None
    title: Title | None = None
    language: Language | None = None
    library: Library | None = None
    audio_track: AudioTrackNumber | None = None
    index: bool = True
    webhook_url: Address | None = None


class UploadForm(UploadFields):
    """A form with a file, for the OpenAPI document; the file is never read into memory."""

    file: bytes


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A complete file that is not stored under its key yet."""

    upload: Upload
    name: str
    """Safe for a store key."""
    shown: str
    """As the caller named it, without its folder."""
    fields: UploadFields


async def receive(request: Request, upload: Upload) -> ReceivedFile:
    """Read a form with one file, which goes through ``upload``.

    The first bytes decide at once whether it can be media. Raises what ``Form.pieces``,
    ``check_head`` and ``Upload.write`` raise, and ``RequestValidationError``.
    """
    form, name = Form(), ""
    buffer, checked = bytearray(), False
    try:
        async for piece in form.pieces(request):
            if isinstance(piece, FileBegins):
                name = _own_name(piece.name)
                continue
            buffer += piece.data
            if not checked and len(buffer) >= HEAD_BYTES:
                check_head(bytes(buffer[:HEAD_BYTES]), name)
                checked = True
            if checked and len(buffer) >= _BLOCK:
                await to_thread.run_sync(upload.write, bytes(buffer))
                buffer.clear()
    except ClientDisconnect:
        raise RequestError("The client disconnected before the upload was complete.") from None
    if not checked:
        check_head(bytes(buffer[:HEAD_BYTES]), name)
    await to_thread.run_sync(upload.write, bytes(buffer))
    return ReceivedFile(upload, safe_name(name), name, _fields(form.fields))


async def abandon(upload: Upload) -> None:
    """Remove what was not stored, also when the request was cancelled."""
    with anyio.CancelScope(shield=True):
        await to_thread.run_sync(upload.abandon)


def open_upload(api: Api) -> Upload:
    """Return an upload within the settings' limits."""
    return Upload(api.store, api.settings.sources.max_upload_mb * 1_000_000)


def _own_name(name: str) -> str:
    """Return the last part of a path of any system."""
    return name.replace("\\", "/").rpartition("/")[2] or "upload"


def _fields(given: dict[str, str]) -> UploadFields:
    filled = {name: value for name, value in given.items() if value}
    try:
        return UploadFields.model_validate(filled)
    except ValidationError as error:
        wrong = [one | {"loc": ("body", *one["loc"])} for one in error.errors(include_url=False)]
        raise RequestValidationError(wrong) from None
