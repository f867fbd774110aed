"""``/``: the library."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from reelworks.app.api.http.auth import CurrentCaller, require_scope
from reelworks.app.api.http.pagination import page_key_of, page_of
from reelworks.app.api.http.request_context import Context
from reelworks.app.api.schemas.jobs import JobState
from reelworks.app.api.schemas.queries import VideoQuery
from reelworks.app.api.schemas.visibility import visible_video
from reelworks.app.web.page_route import page_router, parse_form
from reelworks.app.web.rendering import page
from reelworks.domain.jobs.job import Job, JobStatus
from reelworks.domain.library.access import Scope
from reelworks.domain.library.library import VideoSummary
from reelworks.store.library import listing_queries
from reelworks.store.library.video_writes import page_of_videos

router = page_router()
ON_A_PAGE = 24


@router.get("/", dependencies=[require_scope(Scope.READ)])
def library(request: Request, api: Context, caller: CurrentCaller) -> Response:
    """Show the videos, the newest first."""
    query = parse_form(VideoQuery, request.query_params.multi_items())
    after = page_key_of(query.cursor)
    found = page_of_videos(api.engine, query.selection(), limit=ON_A_PAGE + 1, after=after)
    videos, following = page_of(found, ON_A_PAGE)
    ids = [video.id for video in videos]
    jobs = listing_queries.latest_jobs(api.engine, ids)
    choices = listing_queries.choices(api.engine)
    given = query.model_dump(mode="json", exclude_none=True, exclude={"limit", "cursor"})
    values = {
        "section": "library",
        "videos": [visible_video(video, caller) for video in videos],
        "posters": listing_queries.posters(api.engine, ids),
        "states": {
            video.id: JobState.of(jobs[video.id], caller)
            for video in videos
            if video.id in jobs and _matters(jobs[video.id], video)
        },
        "choices": choices,
        "libraries": [(name, f"{name} ({count})") for name, count in choices.libraries.items()],
        "given": given,
        "more": given | {"cursor": following} if following else None,
        "first_page": after is None,
        "most_mb": api.settings.sources.max_upload_mb,
    }
    return page(request, "library.html", values)


def _matters(job: Job, video: VideoSummary) -> bool:
    """True when the state of a video's newest job says more than the video's own status."""
    return not job.status.is_over or (job.status is JobStatus.FAILED and video.status == "pending")
