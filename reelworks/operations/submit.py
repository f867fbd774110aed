"""Submission: add a video, or find it in the library, and queue the job that indexes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from reelworks.domain.digest import sha256_of_bytes
from reelworks.domain.jobs.job import Job, JobSelection, JobStatus, NewJob
from reelworks.domain.library.access import Caller
from reelworks.domain.library.library import VideoSummary
from reelworks.errors import ConflictError, ReelworksError, UnknownVideoError
from reelworks.operations.jobs.requests import index_params
from reelworks.operations.ownership import check_is_own, check_may_change
from reelworks.operations.services import Services
from reelworks.operations.source_policy import check_webhook
from reelworks.store.jobs import jobs as job_queue
from reelworks.store.jobs.job_sources import drop_source
from reelworks.store.jobs.jobs import new_job_id
from reelworks.store.library.ownership import VideoWishes, changes_of
from reelworks.store.library.upload_keys import is_named, own_upload, trying_upload
from reelworks.store.library.video_metadata import write_metadata
from reelworks.store.library.video_reads import delete_video, get_summary
from reelworks.store.library.video_writes import AddedVideo, NewVideo, add_video

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
    notes: tuple[str, ...] = ()
    """What became of what was given, where the video alone does not show it, a sentence each."""


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
    What a known video lacks is completed: its file, and its document in the store. Which video a
    source is, and what happens to names, locations and libraries, says
    ``reelworks.domain.library.known_content``.

    Raises ``ForbiddenError`` for a change of another caller's video, ``ConflictError`` for an id
    or a file key that belongs to another source, what ``check_webhook`` raises, and store and
    database errors.
    """
    check_webhook(submission.webhook_url, services.settings)
    engine = services.engine
    added = _add_row(services, caller, submission)
    stored = False
    try:
        if store_file is not None and added.new:
            store_file(submission.video.upload_path or "")
        elif store_file is not None:
            submission = replace(submission, source=None)
            stored = _repair_file(services, added.id, submission.video, store_file)
        write_metadata(engine, services.store, added.id)
    except ReelworksError:
        if added.new:
            delete_video(engine, added.id)
        raise
    video = get_summary(engine, added.id)
    job, notes = _job_of(services, caller, submission, video, job_id, stored=stored)
    return Submitted(video, job, added.new, (*added.notes, *notes))


def _job_of(
    services: Services,
    caller: Caller,
    submission: Submission,
    video: VideoSummary,
    job_id: Callable[[], str],
    *,
    stored: bool,
) -> tuple[Job | None, tuple[str, ...]]:
    """Return the job that indexes a video, if one is due, and notes on what needs none.

    ``stored`` says that the bytes were stored just now: a job that was to look for them elsewhere
    takes these, or another one does.
    """
    sent, job = submission.video, None
    if not submission.always_index:
        job = _open_job(services, video.id)
    if job is not None and stored and "source" in job.params:
        if drop_source(services.engine, job.id):
            job = job_queue.get_job(services.engine, job.id)
        else:  # a run looks for the file elsewhere already
            job, submission = None, replace(submission, always_index=True)
    more = _unused(services, video.id, sent, job)
    is_ready = sent.sha256 is not None and video.status == "ready" and not stored
    if submission.index and job is None and not (is_ready and not more):
        return _queue_index_job(services, caller, submission, video, job_id), ()
    why = f"the job {job.id} is queued without it" if job else "no job is queued"
    notes = [f"The {name} that is given is not used: {why}." for name in more]
    if submission.webhook_url is not None and job is None:
        notes.append("No job is queued, so the webhook_url is not called.")
    elif submission.webhook_url is not None and job is not None:
        job_queue.add_webhook(services.engine, job.id, submission.webhook_url)
    return job, tuple(notes)


def _unused(services: Services, video_id: str, sent: NewVideo, job: Job | None) -> tuple[str, ...]:
    """Return what is stated of a video, and differs from what it is or will be indexed with."""
    wishes = VideoWishes(language=sent.language, audio_track=sent.audio_track)
    changes = changes_of(services.engine, video_id, wishes, bucket=services.settings.s3.bucket)
    given = {"language": sent.language, "audio track": sent.audio_track}
    queued = {} if job is None else job.params
    return tuple(
        name for name in changes.names if queued.get(name.replace(" ", "_")) != given[name]
    )


def _add_row(services: Services, caller: Caller, submission: Submission) -> AddedVideo:
    """Return the video that has this source.

    Joining a library changes nothing for its other libraries, so every caller may do that with a
    source that the library has. Raises ``ForbiddenError`` for what changes another caller's video,
    and ``ConflictError`` for another source under an id of the caller's own, or a file under
    another video's key.
    """
    video, engine = submission.video, services.engine
    source = submission.source if video.sha256 is None else None  # or it has the same bytes
    wishes = VideoWishes(source, None, video.language, video.audio_track)
    bucket = services.settings.s3.bucket

    def check(video_id: str) -> None:
        check_may_change(engine, caller, video_id, wishes, bucket=bucket)

    try:
        return add_video(engine, video, check=check)
    except ConflictError as conflict:
        try:
            check_is_own(engine, caller, video.id)
        except UnknownVideoError:  # no video has the id: the conflict is about the file's key
            raise conflict from None
        raise


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
    statuses = frozenset({JobStatus.QUEUED, JobStatus.RUNNING})
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
