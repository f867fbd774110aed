"""Files of a video: media, frames, thumbnails, subtitles."""

from __future__ import annotations

from enum import IntEnum
from pathlib import PurePosixPath
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from reelworks.app.api.http.auth import require_scope
from reelworks.app.api.http.files.file_responses import (
    FileDownload,
    file_response,
    image_response,
    thumbnail_response,
)
from reelworks.app.api.http.request_context import Api, Context
from reelworks.app.api.schemas.paths import FramePath, VideoPath
from reelworks.domain.artifact_keys import audio_key
from reelworks.domain.library.access import Scope
from reelworks.errors import NotStoredError
from reelworks.media.formats.subtitles import to_srt, to_vtt
from reelworks.pipeline.stage_cache import ANY_CONTENT
from reelworks.store.library.video_contents import get_video
from reelworks.store.library.video_writes import MediaKeys, frame_key, media_keys

router = APIRouter(tags=["media"], dependencies=[require_scope(Scope.READ)])


class Width(IntEnum):
    """Width of a small image in pixels: for lists, and for lists on dense screens."""

    SMALL = 320
    MEDIUM = 640


_TEXT = "text/plain"
Small = Annotated[Width | None, Query(description="Largest width in pixels. Empty: original size.")]


def _file(*types: str) -> dict[int | str, dict[str, Any]]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    content = {"content": dict.fromkeys([*types, ANY_CONTENT], binary)}
    return {
        200: {"description": "The whole file.", **content},
        206: {"description": "The requested range.", **content},
        304: {"description": "Not modified."},
        307: {"description": "A signed URL, when S3_PUBLIC_URL is set."},
        409: {"description": "The file changed meanwhile."},
        415: {"description": "The stored file is not what it should be."},
        416: {"description": "The range begins after the end."},
    }


def _subtitle_file(content_type: str) -> dict[int | str, dict[str, Any]]:
    text = {"schema": {"type": "string"}}
    return {200: {"description": "The subtitles.", "content": {content_type: text, _TEXT: text}}}


def _type(request: Request, own: str, general: str = ANY_CONTENT) -> str:
    """Return a response's content type; the general one for clients that accept only that."""
    return general if request.headers.get("accept", "").strip().lower() == general else own


@router.get(
    "/videos/{video_id}/media",
    operation_id="get_media",
    response_class=Response,
    responses=_file("video/mp4", "audio/wav"),
)
def media(video_id: VideoPath, request: Request, api: Context) -> Response:
    """Return the normalized video, or its audio when it has no video track."""
    keys = media_keys(api.engine, video_id)
    if keys.normalized is not None:
        shown = _playable(keys, keys.normalized, ".mp4", _type(request, "video/mp4"))
        return file_response(request, api, shown)
    sound = audio_key(video_id)
    if api.media.head(sound) is None:
        raise NotStoredError(f"The video {video_id} is not normalized yet; wait for its job.")
    return file_response(request, api, _playable(keys, sound, ".wav", _type(request, "audio/wav")))


def _playable(keys: MediaKeys, key: str, suffix: str, content_type: str) -> FileDownload:
    return FileDownload(key, f"{keys.title}{suffix}", content_type)


@router.get(
    "/videos/{video_id}/original",
    operation_id="get_original",
    response_class=Response,
    responses=_file(),
)
def original(video_id: VideoPath, request: Request, api: Context) -> Response:
    """Download the original file of a video."""
    keys = media_keys(api.engine, video_id)
    if keys.upload is None:
        raise NotStoredError(f"The video {video_id} is not in the store yet; wait for its job.")
    name = PurePosixPath(keys.upload).name.removeprefix(f"{video_id}_")
    return file_response(request, api, FileDownload(keys.upload, name, ANY_CONTENT, inline=False))


@router.get(
    "/videos/{video_id}/thumbnail",
    operation_id="get_thumbnail",
    response_class=Response,
    responses=_file("image/jpeg"),
)
def thumbnail(video_id: VideoPath, request: Request, api: Context, width: Small = None) -> Response:
    """Show the thumbnail of a video."""
    media_keys(api.engine, video_id)
    key = frame_key(api.engine, video_id, None)
    return _image(request, api, key, f"{video_id}.jpg", width)


@router.get(
    "/videos/{video_id}/frames/{frame_id}.jpg",
    operation_id="get_frame_image",
    response_class=Response,
    responses=_file("image/jpeg"),
)
def frame(
    video_id: VideoPath,
    frame_id: FramePath,
    request: Request,
    api: Context,
    width: Small = None,
) -> Response:
    """Show a frame."""
    key = frame_key(api.engine, video_id, frame_id)
    return _image(request, api, key, f"{frame_id}.jpg", width)


def _image(request: Request, api: Api, key: str, name: str, width: Width | None) -> Response:
    file = FileDownload(key, name, _type(request, "image/jpeg"))
    return (
        image_response(request, api, file)
        if width is None
        else thumbnail_response(request, api, file, width)
    )


@router.get(
    "/videos/{video_id}/subtitles.srt",
    operation_id="get_subtitles_srt",
    response_class=Response,
    responses=_subtitle_file("application/x-subrip"),
)
def subtitles_srt(video_id: VideoPath, request: Request, api: Context) -> Response:
    """Return the transcript as SubRip subtitles."""
    text = to_srt(get_video(api.engine, video_id).transcript)
    return _subtitles(video_id, text, "srt", _type(request, "application/x-subrip", _TEXT))


@router.get(
    "/videos/{video_id}/subtitles.vtt",
    operation_id="get_subtitles_vtt",
    response_class=Response,
    responses=_subtitle_file("text/vtt"),
)
def subtitles_vtt(video_id: VideoPath, request: Request, api: Context) -> Response:
    """Return the transcript as WebVTT subtitles."""
    text = to_vtt(get_video(api.engine, video_id).transcript)
    return _subtitles(video_id, text, "vtt", _type(request, "text/vtt", _TEXT))


def _subtitles(video_id: str, text: str, suffix: str, content_type: str) -> Response:
    headers = {
        "Content-Disposition": f'inline; filename="{video_id}.{suffix}"',
        "Vary": "Accept",
    }
    return Response(text, media_type=f"{content_type}; charset=utf-8", headers=headers)
