"""Submission: add a video and the job that indexes it, or a job for a video of the library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from reelworks.domain.digest import sha256_of_bytes
from reelworks.domain.jobs.job import INTERACTIVE, Job, JobSelection, JobStatus, NewJob
from reelworks.domain.library.access import Caller
from reelworks.domain.library.library import VideoSummary
from reelworks.errors import ConflictError, ReelworksError, UnknownVideoError
from reelworks.operations.ownership import check_is_own, check_may_change
from reelworks.operations.services import Services
from reelworks.operations.source_policy import authorize_source, check_webhook
from reelworks.pipeline.spec import Stage
from reelworks.store.jobs import jobs as job_queue
from reelworks.store.jobs.jobs import new_job_id
from reelworks.store.library.ownership import VideoWishes
from reelworks.store.library.upload_keys import is_named, own_upload, trying_upload
from reelworks.store.library.video_metadata import write_metadata
from reelworks.store.library.video_reads import delete_video, get_summary
from reelworks.store.library.video_writes import NewVideo, add_video

StoreFile = Callable[[str], bool]
"""Writes the file that was sent under a store key; True when it was not stored intact before."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A video to add, and how to index it. Its library and language are the job's, too."""

    video: NewVideo
    source: str | None
    """Where the job finds it: an http(s) address, ``s3://bucket/key`` or a path, with its secrets.
    None: where the library has it."""
    index: bool = True
    """False: add the video without a job."""
    always_index: bool = False
    """True: make a job also for a video that is ready or has an open job."""
    pool: str | None = None
    """The work pool that runs the job; None: any."""
    webhook_url: str | None = None


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a submission led to."""

    video: VideoSummary
    job: Job | None
    """None when there is nothing to do."""
    new: bool
    """False when the library had the video already."""


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A job for a video of the library."""

    video_id: str
    source: str | None = None
    """Another address, ``s3://bucket/key`` or path of the source; None: the recorded one."""
    language: str | None = None
    library: str | None = None
    audio_track: int | None = None
    """Number of the audio track to transcribe, from 1; None: as stated before, or by speech."""
    recompute: tuple[Stage, ...] = ()
    """Stages to compute although their results are cached."""
    priority: int = INTERACTIVE
    webhook_url: str | None = None


def submit_video(
    services: Services,
    caller: Caller,
    submission: Submission,
    store_file: StoreFile | None = None,
    job_id: Callable[[], str] = new_job_id,
) -> Submitted:
    """Add the row, store the file, then queue the job: in that order.

    The row comes first, so that two callers who choose one id never overwrite each other's file.
    When a later step fails, a new row is removed: the caller's next try starts from the beginning.
    What a known video lacks is completed: its file, and its document in the store.

    Raises ``ForbiddenError`` for a change of another caller's video, ``ConflictError`` for an id
    or a file key that belongs to another source, what ``check_webhook`` raises, and store and
    database errors.
    """
    check_webhook(submission.webhook_url, services.settings)
    engine = services.engine
    video_id, new = _add_row(services, caller, submission)
    repaired = False
    try:
        if store_file is not None and new:
            store_file(submission.video.upload_path or "")
        elif store_file is not None:
            submission = replace(submission, source=None)
            repaired = _repair_file(services, video_id, submission.video, store_file)
        write_metadata(engine, services.store, video_id)
    except ReelworksError:
        if new:
            delete_video(engine, video_id)
        raise
    video = get_summary(engine, video_id)
    is_ready = submission.video.sha256 is not None and video.status == "ready" and not repaired
    job = None if submission.always_index else _open_job(services, video_id)
    is_due = submission.always_index or (job is None and not is_ready)
    if submission.index and is_due:
        job = _queue_index_job(services, caller, submission, video, job_id)
    return Submitted(video, job, new)


def submit_job(
    services: Services,
    caller: Caller,
    request: JobRequest,
    job_id: Callable[[], str] = new_job_id,
) -> Job:
    """Queue a job that indexes a video of the library.

    Raises ``UnknownVideoError``, ``ForbiddenError`` for a change of another caller's video, what
    ``authorize_source`` and ``check_webhook`` raise, and database errors.
    """
    check_webhook(request.webhook_url, services.settings)
    source = request.source
    if source is not None:
        source = authorize_source(source, services.settings).locator
    wishes = VideoWishes(source, request.library, request.language, request.audio_track)
    bucket = services.settings.s3.bucket
    check_may_change(services.engine, caller, request.video_id, wishes, bucket=bucket)
    job = NewJob(
        id=job_id(),
        video_id=request.video_id,
        params=index_params(wishes, request.recompute),
        priority=request.priority,
        requested_by=caller.name or None,
        webhook_url=request.webhook_url,
    )
    (queued,) = job_queue.add_jobs(services.engine, [job])
    return queued


def index_params(
    wishes: VideoWishes, recompute: tuple[Stage, ...] = ()
) -> dict[str, str | int | list[Stage]]:
    """Return the parameters of the index flow, without those that are not given."""
    params: dict[str, str | int | list[Stage]] = {
        name: value for name, value in asdict(wishes).items() if value is not None
    }
    return params | ({"recompute": list(recompute)} if recompute else {})


def _add_row(services: Services, caller: Caller, submission: Submission) -> tuple[str, bool]:
    """Return the id of the video that has this source, and whether it is new.

    Raises ``ForbiddenError`` for what changes another caller's video, and ``ConflictError`` for
    another source under an id of the caller's own, or a file under another video's key.
    """
    video, engine = submission.video, services.engine
    try:
        video_id, new = add_video(engine, video)
    except ConflictError as conflict:
        try:
            check_is_own(engine, caller, video.id)
        except UnknownVideoError:  # no video has the id: the conflict is about the file's key
            raise conflict from None
        raise
    if not new:
        source = submission.source if video.sha256 is None else None  # or it has the same bytes
        wishes = VideoWishes(source, video.library, video.language, video.audio_track)
        bucket = services.settings.s3.bucket
        check_may_change(engine, caller, video_id, wishes, bucket=bucket)
    return video_id, new


def _repair_file(services: Services, video_id: str, sent: NewVideo, store_file: StoreFile) -> bool:
    """Store the bytes of a known video unless they are there intact; True when that was done.

    A run that stores its source at this moment is left alone: it reads these bytes, or brings them.
    """
    key = own_upload(services.engine, video_id, sent.upload_path or "")
    with trying_upload(services.engine, key) as locked:
        if not locked or not is_named(services.engine, key, sha256=sent.sha256):
            return False  # the video has another source by now
        return store_file(key)


def _open_job(services: Services, video_id: str) -> Job | None:
    statuses = frozenset({JobStatus.PENDING, JobStatus.PROCESSING})
    selection = JobSelection(statuses=statuses, video_id=video_id)
    return next(iter(job_queue.list_jobs(services.engine, selection, limit=1)), None)


def _queue_index_job(
    services: Services,
    caller: Caller,
    submission: Submission,
    video: VideoSummary,
    job_id: Callable[[], str],
) -> Job:
    sent = submission.video
    has_source = submission.always_index or video.id == sent.id
    source = submission.source if has_source else None
    wishes = VideoWishes(source, sent.library, sent.language, sent.audio_track)
    job = NewJob(
        id=job_id(),
        video_id=video.id,
        params=index_params(wishes),
        pool=submission.pool,
        requested_by=caller.name or None,
        webhook_url=submission.webhook_url,
    )
    if video.status == "pending" and not submission.always_index:
        # Of two callers at the same time both get one and the same job.
        first = f"{video.id} {video.created_at.isoformat()}"
        shared = replace(job, id=f"job-{sha256_of_bytes(first.encode())[:16]}")
        (queued,) = job_queue.add_jobs(services.engine, [shared])
        if not queued.status.is_over:
            return queued
    (queued,) = job_queue.add_jobs(services.engine, [job])
    return queued
