"""``/frames/{id}/similar``: similar frames."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from reelworks.app.api.http.auth import require_scope
from reelworks.app.api.http.request_context import Context
from reelworks.app.api.schemas.paths import FramePath
from reelworks.app.web.page_route import page_router
from reelworks.app.web.rendering import page
from reelworks.domain.library.access import Scope
from reelworks.store.library.video_reads import get_summary
from reelworks.store.search.similar_frames import similar_frames

router = page_router()
MOST = 48


@router.get("/frames/{frame_id}/similar", dependencies=[require_scope(Scope.READ)])
def similar(frame_id: FramePath, request: Request, api: Context) -> Response:
    """Show frames similar to a frame, the nearest first."""
    found = similar_frames(api.engine, frame_id, limit=MOST)
    video = get_summary(api.engine, frame_id.rpartition("_frame_")[0])
    values = {"section": "search", "frame_id": frame_id, "video": video, "found": found}
    return page(request, "similar.html", values)
