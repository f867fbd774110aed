"""Authorization of changes: the caller who added a video or a job may change it, and admins.

A request that repeats what the library has is no change: any caller may submit a known video again.
"""

from __future__ import annotations

from sqlalchemy import Engine

from reelworks.domain.jobs.job import Job
from reelworks.domain.library.access import Caller
from reelworks.errors import ForbiddenError
from reelworks.store.library.ownership import VideoWishes, changes_of, owner_of


def check_may_change(
    engine: Engine, caller: Caller, video_id: str, wishes: VideoWishes, *, bucket: str
) -> None:
    """Raise ``ForbiddenError`` when ``wishes`` change a video that another caller added.

    ``bucket`` is the library's own. Raises ``UnknownVideoError`` too.
    """
    found = changes_of(engine, video_id, wishes, bucket=bucket)
    if found.names and not _may_change(caller, found.added_by):
        raise _forbidden(video_id, " or ".join(found.names))


def check_is_own(engine: Engine, caller: Caller, video_id: str) -> None:
    """Raise ``ForbiddenError`` when another caller added the video.

    Raises ``UnknownVideoError`` too.
    """
    if not _may_change(caller, owner_of(engine, video_id)):
        raise _forbidden(video_id, "source")


def check_may_retry(engine: Engine, caller: Caller, job: Job, *, bucket: str) -> None:
    """Raise ``ForbiddenError`` for another caller's job, or one that changes another's video."""
    if caller.is_admin:
        return
    check_own_job(job, caller)
    if job.video_id is not None:
        names = ("source", "library", "language", "audio_track")
        wishes = VideoWishes(*(job.params.get(name) for name in names))
        check_may_change(engine, caller, job.video_id, wishes, bucket=bucket)


def check_own_job(job: Job, caller: Caller) -> None:
    """Raise ``ForbiddenError`` when another caller requested the job and this one is no admin."""
    if not caller.is_admin and not caller.is_owner(job.requested_by):
        raise ForbiddenError(f"The job {job.id} was requested by another caller.")


def _may_change(caller: Caller, added_by: str | None) -> bool:
    return caller.is_admin or caller.is_owner(added_by)


def _forbidden(video_id: str, what: str) -> ForbiddenError:
    return ForbiddenError(
        f"The video {video_id} was added by another caller: only they or an admin may change its "
        f"{what}. Choose another id, or leave {'it' if ' or ' not in what else 'them'} out."
    )


def require_admin(caller: Caller, right: str) -> None:
    """Raise ``ForbiddenError`` unless a caller is an admin, who alone ``right`` (a clause)."""
    if not caller.is_admin:
        raise ForbiddenError(f"The token lacks the scope admin, which {right}.")
