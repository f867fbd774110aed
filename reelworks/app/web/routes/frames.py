"""``/frames/{id}/similar``: pictures that look alike."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request
from fastapi.responses import Response

from reelworks.app.api.http.auth import needs
from reelworks.app.api.http.request_context import Context
from reelworks.app.web.page_route import page_router
from reelworks.app.web.rendering import page
from reelworks.domain.library.access import Scope
from reelworks.store.library.video_reads import get_summary
from reelworks.store.search.similar_frames import similar_frames

router = page_router()
MOST = 48
FRAME = "^[a-z0-9][a-z0-9_-]{0,62}_frame_[0-9]{3,6}$"


@router.get("/frames/{frame_id}/similar", dependencies=[needs(Scope.READ)])
def similar(
    frame_id: Annotated[str, Path(pattern=FRAME)], request: Request, api: Context
) -> Response:
    """Show the frames that look like a frame, the nearest first."""
    found = similar_frames(api.engine, frame_id, limit=MOST)
    video = get_summary(api.engine, frame_id.rpartition("_frame_")[0])
    values = {"here": "search", "frame_id": frame_id, "video": video, "found": found}
    return page(request, "similar.html", values)
