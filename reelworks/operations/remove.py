"""Removal of a video: its jobs, rows, files and cached results."""

from __future__ import annotations

from reelworks.domain.library.access import Caller
from reelworks.errors import ForbiddenError
from reelworks.operations.services import Services
from reelworks.store.library import removal


def remove_video(services: Services, caller: Caller, video_id: str) -> bool:
    """Cancel a video's jobs and remove everything of it; False when there was nothing.

    Raises ``ForbiddenError`` for a caller who is no admin, store and database errors; what is left
    then goes the next time.
    """
    if not caller.is_admin:
        raise ForbiddenError(f"Only an admin may remove the video {video_id}.")
    return removal.remove_video(services.engine, services.store, video_id)
