"""Job requests: jobs for videos that the library has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from reelworks.domain.jobs.job import INTERACTIVE, Job, NewJob
from reelworks.domain.library.access import Caller
from reelworks.operations.ownership import check_may_change
from reelworks.operations.services import Services
from reelworks.operations.source_policy import authorize_source, check_webhook
from reelworks.pipeline.spec import Stage
from reelworks.store.jobs import jobs as job_queue
from reelworks.store.jobs.jobs import new_job_id
from reelworks.store.library.ownership import VideoWishes


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
