"""Videos: add one, look at it, remove it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError

from reelworks.app.api import uploads
from reelworks.app.api.asked import NewVideoIn, VideoId
from reelworks.app.api.auth import WhoAsks, needs
from reelworks.app.api.context import Api, Context
from reelworks.app.api.cursors import page_of, place_of
from reelworks.app.api.filters import VideoQuery
from reelworks.app.api.idempotency import Done, IfNew, Names
from reelworks.app.api.ownership import check_is_own, check_may_change
from reelworks.app.api.shapes import JobOut
from reelworks.app.api.sources import check_webhook, source_of
from reelworks.app.api.video_shapes import (
    Submitted,
    VideoDetail,
    VideoList,
    VideoOut,
)
from reelworks.domain.access import Caller, Scope
from reelworks.domain.digest import sha256_of_bytes
from reelworks.domain.ids import video_id_for
from reelworks.domain.job import Job, JobSelection, JobStatus, NewJob
from reelworks.domain.library import VideoSummary
from reelworks.errors import ConflictError, ReelworksError, RequestError
from reelworks.stages.cached import ANY_CONTENT, CONTENT_TYPES
from reelworks.stages.ingest import without_secrets
from reelworks.store import jobs as ledger
from reelworks.store.library import delete_video, get_summary, get_video
from reelworks.store.ownership import VideoWishes
from reelworks.store.removal import remove_video
from reelworks.store.video_metadata import write_metadata
from reelworks.store.videos import NewVideo, add_video, media_keys, page_of_videos

router = APIRouter(tags=["videos"])
VideoPath = Annotated[VideoId, Path(description="The video's id.")]

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


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A video to be added and how to index it."""

    video: NewVideo
    locator: str | None
    """None: where the library has it."""
    language: str | None
    library: str | None
    index: bool
    webhook_url: str | None


@router.post(
    "/videos",
    status_code=202,
    response_model=Submitted,
    dependencies=[needs(Scope.SUBMIT)],
    openapi_extra=_BODIES,
    responses={
        200: {"description": "The library has this video; nothing is to be done."},
        201: {"description": "The video was noted and is not indexed."},
    },
)
async def add(request: Request, once: IfNew, caller: WhoAsks, api: Context) -> JSONResponse:
    """Add a video: as an upload form, or as JSON that says where it lies."""
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return await _uploaded(request, once, caller, api)
    asked = await _json(request)

    def work(names: Names) -> Done:
        source = source_of(asked, api.settings)
        video = NewVideo(
            id=asked.id or source.video_id,
            original_path=without_secrets(source.locator),
            title=asked.title or PurePosixPath(source.name).stem or source.name or "video",
            library=asked.library,
            language=asked.language,
            added_by=caller.name or None,
        )
        wanted = _Wanted(
            video, source.locator, asked.language, asked.library, asked.index, asked.webhook_url
        )
        return _add(api, caller, wanted, names)

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


async def _uploaded(request: Request, once: IfNew, caller: Caller, api: Api) -> JSONResponse:
    upload = uploads.open_upload(api)
    try:
        arrived = await uploads.receive(request, upload)
        content = f"{upload.sha256} {arrived.shown} {arrived.fields.model_dump_json()}"
        return await to_thread.run_sync(
            lambda: once.run(lambda names: _keep(api, caller, arrived, names), content=content)
        )
    finally:
        await uploads.abandon(upload)


def _keep(api: Api, caller: Caller, arrived: uploads.Arrived, names: Names) -> Done:
    fields, sha256 = arrived.fields, arrived.upload.sha256
    stem = PurePosixPath(arrived.shown).stem
    video_id = fields.id or video_id_for(stem, sha256)
    key = f"uploads/{video_id}_{arrived.name}"
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

    def store() -> None:
        suffix = PurePosixPath(arrived.name).suffix.lower()
        arrived.upload.keep(key, CONTENT_TYPES.get(suffix, ANY_CONTENT))

    wanted = _Wanted(
        video, locator, fields.language, fields.library, fields.index, fields.webhook_url
    )
    return _add(api, caller, wanted, names, store)


def _add(
    api: Api, caller: Caller, wanted: _Wanted, names: Names, store: Callable[[], None] | None = None
) -> Done:
    """Make the row, bring the file to its place, then ask for the work: in that order.

    The row comes first, so that two callers who choose one id never overwrite each other's file.
    """
    check_webhook(wanted.webhook_url, api.settings)
    video_id, new = _row_of(api, caller, wanted)
    if store is not None and not new and _has_file(api, video_id):
        wanted = replace(wanted, locator=None)
    elif store is not None and video_id == wanted.video.id:
        try:
            store()
        except ReelworksError:
            if new:
                delete_video(api.engine, video_id)
            raise
    if new:
        write_metadata(api.engine, api.store, video_id)
    video = get_summary(api.engine, video_id)
    same_bytes = wanted.video.sha256 is not None and video.status == "ready"
    job = _open_job(api, video_id)
    if job is None and wanted.index and not same_bytes:
        job = _ask_for_work(api, caller, wanted, names, video)
    shown = Submitted(
        video=VideoOut.of(video, caller), job=JobOut.of(job, caller) if job else None, new=new
    )
    return Done(202 if job else 201 if new else 200, shown, f"/videos/{video_id}")


def _row_of(api: Api, caller: Caller, wanted: _Wanted) -> tuple[str, bool]:
    """Return the id of the video that has this source, and whether it is new.

    Raises ``ForbiddenError`` for what changes another caller's video, and ``ConflictError`` for
    another source under an id of the caller's own.
    """
    try:
        video_id, new = add_video(api.engine, wanted.video)
    except ConflictError:
        check_is_own(api, caller, wanted.video.id)
        raise
    if not new:
        source = wanted.locator if wanted.video.sha256 is None else None  # or its bytes are here
        wishes = VideoWishes(source, wanted.library, wanted.language)
        check_may_change(api, caller, video_id, wishes)
    return video_id, new


def _has_file(api: Api, video_id: str) -> bool:
    """Tell whether the bytes of a video are in the store under its own key already."""
    kept = media_keys(api.engine, video_id).upload
    return kept is not None and api.store.head(kept) is not None


def _open_job(api: Api, video_id: str) -> Job | None:
    open_ = frozenset({JobStatus.PENDING, JobStatus.PROCESSING})
    which = JobSelection(statuses=open_, video_id=video_id)
    return next(iter(ledger.list_jobs(api.engine, which, limit=1)), None)


def _ask_for_work(
    api: Api, caller: Caller, wanted: _Wanted, names: Names, video: VideoSummary
) -> Job:
    options = {"language": wanted.language, "library": wanted.library}
    job = NewJob(
        id=names.job_id(),
        video_id=video.id,
        params={name: value for name, value in options.items() if value is not None}
        | ({"source": wanted.locator} if wanted.locator and video.id == wanted.video.id else {}),
        requested_by=caller.name or None,
        webhook_url=wanted.webhook_url,
    )
    if video.status == "pending":  # of two callers at once both ask for one and the same job
        first = f"{video.id} {video.created_at.isoformat()}"
        named = replace(job, id=f"job-{sha256_of_bytes(first.encode())[:16]}")
        (made,) = ledger.add_jobs(api.engine, [named])
        if not made.status.is_over:
            return made
    (made,) = ledger.add_jobs(api.engine, [job])
    return made


@router.get("/videos", dependencies=[needs(Scope.READ)])
def list_videos(asked: Annotated[VideoQuery, Query()], api: Context, caller: WhoAsks) -> VideoList:
    """List videos, the newest first; paging is stable while new ones come."""
    after = place_of(asked.cursor)
    found = page_of_videos(api.engine, asked.filter(), limit=asked.limit + 1, after=after)
    shown, following = page_of(found, asked.limit)
    return VideoList(
        videos=[VideoOut.of(video, caller) for video in shown],
        next=following,
    )


@router.get("/videos/{video_id}", dependencies=[needs(Scope.READ)])
def show(video_id: VideoPath, api: Context, caller: WhoAsks) -> VideoDetail:
    """Show a video with its scenes, frames, captions and transcript."""
    return VideoDetail.of_view(get_video(api.engine, video_id), caller)


@router.delete("/videos/{video_id}", status_code=204, dependencies=[needs(Scope.ADMIN)])
def remove(video_id: VideoPath, api: Context) -> Response:
    """Remove everything of a video, everywhere; doing it again changes nothing."""
    remove_video(api.engine, api.store, video_id)
    return Response(status_code=204)
