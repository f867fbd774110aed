"""The one rule for changing a video: whoever added it may, and admins.

What a request repeats is no change, so the same video sent again by anybody is fine.
"""

from __future__ import annotations

from reelworks.app.api.http.request_context import Api
from reelworks.domain.jobs.job import Job
from reelworks.domain.library.access import Caller
from reelworks.errors import ForbiddenError
from reelworks.store.library.ownership import VideoWishes, changes_of, owner_of


def check_may_change(api: Api, caller: Caller, video_id: str, wishes: VideoWishes) -> None:
    """Raise ``ForbiddenError`` when ``wishes`` change a video that is another caller's.

    Raises ``UnknownVideoError`` too.
    """
    found = changes_of(api.engine, video_id, wishes, bucket=api.settings.s3_bucket)
    if found.names and not _may_change(caller, found.added_by):
        raise _forbidden(video_id, " or ".join(found.names))


def check_is_own(api: Api, caller: Caller, video_id: str) -> None:
    """Raise ``ForbiddenError`` when a video with another source is another caller's."""
    if not _may_change(caller, owner_of(api.engine, video_id)):
        raise _forbidden(video_id, "source")


def check_may_retry(api: Api, caller: Caller, job: Job) -> None:
    """Raise ``ForbiddenError`` for another caller's job, or one that changes another's video."""
    if caller.is_admin:
        return
    check_own_job(job, caller)
    if job.video_id is not None:
        wishes = VideoWishes(*(job.params.get(name) for name in ("source", "library", "language")))
        check_may_change(api, caller, job.video_id, wishes)


def check_own_job(job: Job, caller: Caller) -> None:
    """Raise ``ForbiddenError`` when the job is another caller's, and this one no admin."""
    if not caller.is_admin and not caller.is_owner(job.requested_by):
        raise ForbiddenError(f"The job {job.id} was asked for by somebody else.")


def _may_change(caller: Caller, added_by: str | None) -> bool:
    return caller.is_admin or caller.is_owner(added_by)


def _forbidden(video_id: str, what: str) -> ForbiddenError:
    return ForbiddenError(
        f"The video {video_id} was added by somebody else: only they or an admin may change its "
        f"{what}. Choose another id, or leave {'it' if ' or ' not in what else 'them'} out."
    )
