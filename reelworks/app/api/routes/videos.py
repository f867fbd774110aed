"""Videos: add one, look at it, remove it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError

from reelworks.app.api.http import uploads
from reelworks.app.api.http.auth import CurrentCaller, require_scope
from reelworks.app.api.http.idempotency import Idempotent, JobIds, Reply
from reelworks.app.api.http.pagination import page_of, place_of
from reelworks.app.api.http.request_context import Api, Context
from reelworks.app.api.schemas.paths import VideoPath
from reelworks.app.api.schemas.queries import VideoQuery
from reelworks.app.api.schemas.requests import NewVideoIn
from reelworks.app.api.schemas.videos import (
    Submitted,
    VideoDetail,
    VideoList,
    VideoOut,
)
from reelworks.app.api.source_policy import source_of
from reelworks.app.api.submission import Submission, submit_video
from reelworks.domain.artifact_keys import upload_key
from reelworks.domain.ids import video_id_for
from reelworks.domain.library.access import Caller, Scope
from reelworks.errors import RequestError
from reelworks.pipeline.stage_cache import ANY_CONTENT, CONTENT_TYPES
from reelworks.stages.source.ingest import without_secrets
from reelworks.store.library.removal import remove_video
from reelworks.store.library.video_reads import get_video
from reelworks.store.library.video_writes import NewVideo, page_of_videos

router = APIRouter(tags=["videos"])

_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary"},
        "id": {"type": "string"},
        "title": {"type": "string"},
        "language": {"type": "string"},
        "library": {"type": "string"},
        "index": {"type": "boolean", "default": True},
        "webhook_url": {"type": "string"},
    },
}
_BODIES = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": NewVideoIn.model_json_schema()},
            "multipart/form-data": {"schema": _FORM},
        },
    }
}


@router.post(
    "/videos",
    status_code=202,
    response_model=Submitted,
    dependencies=[require_scope(Scope.SUBMIT)],
    openapi_extra=_BODIES,
    responses={
        200: {"description": "The library has this video; nothing is to be done."},
        201: {"description": "The video was noted and is not indexed."},
    },
)
async def add(
    request: Request, once: Idempotent, caller: CurrentCaller, api: Context
) -> JSONResponse:
    """Add a video: as an upload form, or as JSON that says where it lies."""
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return await _uploaded(request, once, caller, api)
    asked = await _json(request)

    def work(names: JobIds) -> Reply:
        source = source_of(asked, api.settings)
        video = NewVideo(
            id=asked.id or source.video_id,
            original_path=without_secrets(source.locator),
            title=asked.title or PurePosixPath(source.name).stem or source.name or "video",
            library=asked.library,
            language=asked.language,
            added_by=caller.name or None,
        )
        wanted = Submission(
            video, source.locator, asked.language, asked.library, asked.index, asked.webhook_url
        )
        return submit_video(api, caller, wanted, names)

    return await to_thread.run_sync(once.run, work)


async def _json(request: Request) -> NewVideoIn:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RequestError("Send multipart/form-data with a file, or application/json.")
    try:
        return NewVideoIn.model_validate_json(await request.body())
    except ValidationError as error:
        wrong = [
            {**one, "loc": ("body", *one["loc"])}
            for one in error.errors(include_url=False, include_input=False)
        ]
        raise RequestValidationError(wrong) from None


async def _uploaded(request: Request, once: Idempotent, caller: Caller, api: Api) -> JSONResponse:
    upload = uploads.open_upload(api)
    try:
        arrived = await uploads.receive(request, upload)
        content = f"{upload.sha256} {arrived.shown} {arrived.fields.model_dump_json()}"
        return await to_thread.run_sync(
            lambda: once.run(lambda names: _keep(api, caller, arrived, names), content=content)
        )
    finally:
        await uploads.abandon(upload)


def _keep(api: Api, caller: Caller, arrived: uploads.Arrived, names: JobIds) -> Reply:
    fields, sha256 = arrived.fields, arrived.upload.sha256
    stem = PurePosixPath(arrived.shown).stem
    video_id = fields.id or video_id_for(stem, sha256)
    key = upload_key(video_id, arrived.name)
    locator = f"s3://{api.settings.s3_bucket}/{key}"
    video = NewVideo(
        id=video_id,
        original_path=locator,
        title=fields.title or stem,
        library=fields.library,
        upload_path=key,
        sha256=sha256,
        language=fields.language,
        added_by=caller.name or None,
    )

    def store(key: str) -> bool:
        suffix = PurePosixPath(arrived.name).suffix.lower()
        arrived.upload.keep(key, CONTENT_TYPES.get(suffix, ANY_CONTENT))
        return arrived.upload.was_stored

    wanted = Submission(
        video, locator, fields.language, fields.library, fields.index, fields.webhook_url
    )
    return submit_video(api, caller, wanted, names, store)


@router.get("/videos", dependencies=[require_scope(Scope.READ)])
def list_videos(
    asked: Annotated[VideoQuery, Query()], api: Context, caller: CurrentCaller
) -> VideoList:
    """List videos, the newest first; paging is stable while new ones come."""
    after = place_of(asked.cursor)
    found = page_of_videos(api.engine, asked.filter(), limit=asked.limit + 1, after=after)
    shown, following = page_of(found, asked.limit)
    return VideoList(
        videos=[VideoOut.of(video, caller) for video in shown],
        next=following,
    )


@router.get("/videos/{video_id}", dependencies=[require_scope(Scope.READ)])
def show(video_id: VideoPath, api: Context, caller: CurrentCaller) -> VideoDetail:
    """Show a video with its scenes, frames, captions and transcript."""
    return VideoDetail.of_view(get_video(api.engine, video_id), caller)


@router.delete("/videos/{video_id}", status_code=204, dependencies=[require_scope(Scope.ADMIN)])
def remove(video_id: VideoPath, api: Context) -> Response:
    """Remove everything of a video, everywhere; doing it again changes nothing."""
    remove_video(api.engine, api.store, video_id)
    return Response(status_code=204)
