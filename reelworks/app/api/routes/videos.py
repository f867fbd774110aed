"""Videos: add, list, show and remove them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError

from reelworks.app.api.http.auth import CurrentCaller, require_scope
from reelworks.app.api.http.files import uploads
from reelworks.app.api.http.idempotency import Idempotent, JobIds, Reply
from reelworks.app.api.http.pagination import page_key_of, page_of
from reelworks.app.api.http.request_context import Api, Context
from reelworks.app.api.openapi import new_video_body
from reelworks.app.api.schemas.jobs import JobOut
from reelworks.app.api.schemas.paths import VideoPath
from reelworks.app.api.schemas.queries import VideoQuery
from reelworks.app.api.schemas.requests import NewVideoIn
from reelworks.app.api.schemas.video_parts import VideoFrames, VideoScenes, VideoTranscript
from reelworks.app.api.schemas.videos import (
    SubmittedOut,
    VideoDetail,
    VideoList,
    VideoOut,
)
from reelworks.domain.artifact_keys import upload_key
from reelworks.domain.library.access import Caller, Scope
from reelworks.errors import UnsupportedTypeError
from reelworks.operations.new_video import VideoFields, new_video
from reelworks.operations.remove import remove_video
from reelworks.operations.source_policy import AllowedSource, authorize_source
from reelworks.operations.submit import Submission, Submitted, submit_video
from reelworks.pipeline.stage_cache import ANY_CONTENT, CONTENT_TYPES
from reelworks.settings import Settings
from reelworks.store.library import video_contents
from reelworks.store.library.video_writes import page_of_videos

router = APIRouter(tags=["videos"])


@router.post(
    "/videos",
    status_code=202,
    response_model=SubmittedOut,
    dependencies=[require_scope(Scope.SUBMIT)],
    operation_id="add_video",
    openapi_extra=new_video_body(),
    responses={
        200: {
            "model": SubmittedOut,
            "description": "The library has this video; there is nothing to do.",
        },
        201: {"model": SubmittedOut, "description": "The video was added and is not indexed."},
        202: {"description": "The video was added, and a job indexes it."},
        404: {"description": "The source does not exist."},
        502: {"description": "The source's server does not answer as it should."},
        507: {"description": "The server's disk is full."},
    },
)
async def add(
    request: Request, once: Idempotent, caller: CurrentCaller, api: Context
) -> JSONResponse:
    """Add a video: as an upload form, or as JSON with its location."""
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return await _uploaded(request, once, caller, api)
    body = await _json(request)

    def work(names: JobIds) -> Reply:
        source = source_of(body, api.settings)
        stated = VideoFields(body.id, body.title, body.library, body.language, body.audio_track)
        video = new_video(source.name, source.locator, stated, caller)
        submission = Submission(
            video, source.locator, index=body.index, webhook_url=body.webhook_url
        )
        submitted = submit_video(api.services, caller, submission, job_id=names.job_id)
        return _reply(submitted, caller)

    return await to_thread.run_sync(once.run, work)


def source_of(body: NewVideoIn, settings: Settings) -> AllowedSource:
    """Return the source that a request names. Raises what ``authorize_source`` raises."""
    if body.url is not None:
        return authorize_source(body.url, settings, schemes=("http", "https"))
    if body.path is not None:
        return authorize_source(body.path, settings, schemes=("",))
    key = body.s3_key or ""
    locator = key if key.startswith("s3://") else f"s3://{settings.s3.bucket}/{key}"
    return authorize_source(locator, settings, schemes=("s3",))


async def _json(request: Request) -> NewVideoIn:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise UnsupportedTypeError("Send multipart/form-data with a file, or application/json.")
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
        received = await uploads.receive(request, upload)
        content = f"{upload.sha256} {received.shown} {received.fields.model_dump_json()}"
        return await to_thread.run_sync(
            lambda: once.run(
                lambda names: _add_uploaded(api, caller, received, names), content=content
            )
        )
    finally:
        await uploads.abandon(upload)


def _add_uploaded(api: Api, caller: Caller, received: uploads.ReceivedFile, names: JobIds) -> Reply:
    fields, sha256 = received.fields, received.upload.sha256
    stated = VideoFields(
        fields.id, fields.title, fields.library, fields.language, fields.audio_track
    )
    video = new_video(received.shown, received.shown, stated, caller, sha256=sha256)
    key = upload_key(video.id, received.name)
    locator = f"s3://{api.settings.s3.bucket}/{key}"
    video = replace(video, original_path=locator, upload_path=key)

    def store_file(key: str) -> bool:
        suffix = PurePosixPath(received.name).suffix.lower()
        received.upload.keep(key, CONTENT_TYPES.get(suffix, ANY_CONTENT))
        return received.upload.was_stored

    submission = Submission(video, locator, index=fields.index, webhook_url=fields.webhook_url)
    submitted = submit_video(api.services, caller, submission, store_file, names.job_id)
    return _reply(submitted, caller)


def _reply(submitted: Submitted, caller: Caller) -> Reply:
    job = submitted.job
    body = SubmittedOut(
        video=VideoOut.of(submitted.video, caller),
        job=JobOut.of(job, caller) if job else None,
        new=submitted.new,
        notes=list(submitted.notes),
    )
    return Reply(
        202 if job else 201 if submitted.new else 200, body, f"/videos/{submitted.video.id}"
    )


@router.get("/videos", operation_id="list_videos", dependencies=[require_scope(Scope.READ)])
def list_videos(
    query: Annotated[VideoQuery, Query()], api: Context, caller: CurrentCaller
) -> VideoList:
    """List videos, the newest first; pages are stable while videos are added."""
    after = page_key_of(query.cursor)
    found = page_of_videos(api.engine, query.selection(), limit=query.limit + 1, after=after)
    shown, following = page_of(found, query.limit)
    return VideoList(
        videos=[VideoOut.of(video, caller) for video in shown],
        next=following,
    )


@router.get(
    "/videos/{video_id}", operation_id="get_video", dependencies=[require_scope(Scope.READ)]
)
def show(video_id: VideoPath, api: Context, caller: CurrentCaller) -> VideoDetail:
    """Show a video with its scenes, frames, captions and transcript."""
    return VideoDetail.of_view(video_contents.get_video(api.engine, video_id), caller)


@router.get(
    "/videos/{video_id}/scenes",
    operation_id="get_scenes",
    dependencies=[require_scope(Scope.READ)],
)
def scenes(video_id: VideoPath, api: Context) -> VideoScenes:
    """Return the scenes of a video alone."""
    return VideoScenes.of(video_id, video_contents.get_scenes(api.engine, video_id))


@router.get(
    "/videos/{video_id}/frames",
    operation_id="get_frames",
    dependencies=[require_scope(Scope.READ)],
)
def frames(video_id: VideoPath, api: Context) -> VideoFrames:
    """Return the keyframes of a video alone, with their captions, controls and text on screen."""
    return VideoFrames.of(video_id, video_contents.get_frames(api.engine, video_id))


@router.get(
    "/videos/{video_id}/transcript",
    operation_id="get_transcript",
    dependencies=[require_scope(Scope.READ)],
)
def transcript(video_id: VideoPath, api: Context) -> VideoTranscript:
    """Return the transcript of a video alone, with the times of its words."""
    language, segments = video_contents.get_segments(api.engine, video_id)
    return VideoTranscript.of(video_id, language, segments)


@router.delete(
    "/videos/{video_id}",
    operation_id="remove_video",
    status_code=204,
    dependencies=[require_scope(Scope.ADMIN)],
)
def remove(video_id: VideoPath, caller: CurrentCaller, api: Context) -> Response:
    """Remove everything of a video; a second request changes nothing."""
    remove_video(api.services, caller, video_id)
    return Response(status_code=204)
