"""Adding a video for a caller: its row, its file, then the job that indexes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from reelworks.app.api.http.idempotency import JobIds, Reply
from reelworks.app.api.http.request_context import Api
from reelworks.app.api.ownership import check_is_own, check_may_change
from reelworks.app.api.schemas.jobs import JobOut
from reelworks.app.api.schemas.videos import Submitted, VideoOut
from reelworks.app.api.source_policy import check_webhook
from reelworks.domain.digest import sha256_of_bytes
from reelworks.domain.jobs.job import Job, JobSelection, JobStatus, NewJob
from reelworks.domain.library.access import Caller
from reelworks.domain.library.library import VideoSummary
from reelworks.errors import ConflictError, ReelworksError, UnknownVideoError
from reelworks.store.jobs import jobs as ledger
from reelworks.store.library.ownership import VideoWishes
from reelworks.store.library.upload_keys import is_named, own_upload, trying_upload
from reelworks.store.library.video_metadata import write_metadata
from reelworks.store.library.video_reads import delete_video, get_summary
from reelworks.store.library.video_writes import NewVideo, add_video

Store = Callable[[str], bool]
"""Stores the bytes that were sent under a key, and tells whether they were not there intact."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A video to be added and how to index it."""

    video: NewVideo
    locator: str | None
    """None: where the library has it."""
    language: str | None
    library: str | None
    index: bool
    webhook_url: str | None


def submit_video(
    api: Api,
    caller: Caller,
    wanted: Submission,
    names: JobIds,
    store: Store | None = None,
) -> Reply:
    """Make the row, bring the file to its place, then ask for the work: in that order.

    The row comes first, so that two callers who choose one id never overwrite each other's file.
    What fails after it takes a new row back: the caller's next try begins anew. Everything that a
    known video lacks is made up for, its file and its document in the store too.
    """
    check_webhook(wanted.webhook_url, api.settings)
    video_id, new = _row_of(api, caller, wanted)
    mended = False
    try:
        if store is not None and new:
            store(wanted.video.upload_path or "")
        elif store is not None:
            wanted = replace(wanted, locator=None)
            mended = _mend_file(api, video_id, wanted.video, store)
        write_metadata(api.engine, api.store, video_id)
    except ReelworksError:
        if new:
            delete_video(api.engine, video_id)
        raise
    video = get_summary(api.engine, video_id)
    is_done = wanted.video.sha256 is not None and video.status == "ready" and not mended
    job = _open_job(api, video_id)
    if job is None and wanted.index and not is_done:
        job = _ask_for_work(api, caller, wanted, names, video)
    shown = Submitted(
        video=VideoOut.of(video, caller), job=JobOut.of(job, caller) if job else None, new=new
    )
    return Reply(202 if job else 201 if new else 200, shown, f"/videos/{video_id}")


def _row_of(api: Api, caller: Caller, wanted: Submission) -> tuple[str, bool]:
    """Return the id of the video that has this source, and whether it is new.

    Raises ``ForbiddenError`` for what changes another caller's video, and ``ConflictError`` for
    another source under an id of the caller's own, or a file under another video's key.
    """
    try:
        video_id, new = add_video(api.engine, wanted.video)
    except ConflictError as conflict:
        try:
            check_is_own(api, caller, wanted.video.id)
        except UnknownVideoError:  # the id is nobody's: it is about the key of the file
            raise conflict from None
        raise
    if not new:
        source = wanted.locator if wanted.video.sha256 is None else None  # or its bytes are here
        wishes = VideoWishes(source, wanted.library, wanted.language)
        check_may_change(api, caller, video_id, wishes)
    return video_id, new


def _mend_file(api: Api, video_id: str, sent: NewVideo, store: Store) -> bool:
    """Store the bytes of a known video unless they are there intact; tell whether that was done.

    A run that stores its source at this moment is left alone: it reads these bytes, or brings them.
    """
    key = own_upload(api.engine, video_id, sent.upload_path or "")
    with trying_upload(api.engine, key) as held:
        if not held or not is_named(api.engine, key, sha256=sent.sha256):
            return False  # its source is another one by now
        return store(key)


def _open_job(api: Api, video_id: str) -> Job | None:
    open_ = frozenset({JobStatus.PENDING, JobStatus.PROCESSING})
    which = JobSelection(statuses=open_, video_id=video_id)
    return next(iter(ledger.list_jobs(api.engine, which, limit=1)), None)


def _ask_for_work(
    api: Api, caller: Caller, wanted: Submission, names: JobIds, video: VideoSummary
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
