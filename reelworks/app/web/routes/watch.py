"""``/watch/{id}``: a video with its transcript and frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from reelworks.app.api.http.auth import CurrentCaller, require_scope
from reelworks.app.api.http.request_context import Api, Context
from reelworks.app.api.schemas.jobs import JobState
from reelworks.app.api.schemas.paths import VideoPath
from reelworks.app.api.schemas.visibility import visible_job, visible_view
from reelworks.app.web.page_route import page_router
from reelworks.app.web.rendering import page
from reelworks.domain.artifact_keys import audio_key
from reelworks.domain.jobs.job import JobSelection
from reelworks.domain.library.access import Scope
from reelworks.domain.library.library import StoredFrame, VideoView
from reelworks.operations.jobs.outlook import outlook_of
from reelworks.store.jobs.jobs import list_jobs
from reelworks.store.library.video_contents import get_video

router = page_router()
SEEN = 120
"""Frames that are listed until all are requested."""
_JOBS = 5


@dataclass(frozen=True, slots=True)
class Seen:
    """A frame as the page shows it."""

    stored: StoredFrame
    t_start: float
    """Of its scene."""
    t_end: float
    same_as: float | None
    """Time of the earlier frame that looks the same; seconds."""


@router.get("/watch/{video_id}", dependencies=[require_scope(Scope.READ)])
def watch(
    video_id: VideoPath,
    request: Request,
    api: Context,
    caller: CurrentCaller,
    t: Annotated[float, Query(ge=0, le=1e9)] = 0.0,
    everything: bool = False,
) -> Response:
    """Show a video; the player begins at ``t`` seconds."""
    view = visible_view(get_video(api.engine, video_id), caller)
    found = list_jobs(api.engine, JobSelection(video_id=video_id), limit=_JOBS)
    jobs = [visible_job(job, caller) for job in found]
    open_job = next((job for job in jobs if not job.status.is_over), None)
    frames = seen_of(view)
    described = [one for one in frames if one.stored.description is not None]
    values = {
        "section": "library",
        "view": view,
        "video": view.summary,
        "t": t,
        "plays": _plays(api, view),
        "strip": list({one.stored.scene_id: one for one in reversed(frames)}.values())[::-1],
        "seen": described if everything else described[:SEEN],
        "hidden": 0 if everything else max(0, len(described) - SEEN),
        "poster": _poster(frames),
        "models": sorted(_models(view)),
        "jobs": jobs,
        "open_job": JobState.of(open_job, caller) if open_job else None,
        "outlook": outlook_of(api.engine, open_job) if open_job else None,
    }
    return page(request, "watch.html", values)


def seen_of(view: VideoView) -> list[Seen]:
    """Return the frames of a video with their scenes' times."""
    scenes = {one.id: one.scene for one in view.scenes}
    times = {one.frame.index: one.frame.t for one in view.frames}
    found = []
    for one in view.frames:
        scene = scenes[one.scene_id]
        twin = one.frame.duplicate_of
        found.append(
            Seen(one, scene.t_start, scene.t_end, None if twin is None else times.get(twin))
        )
    return found


def _poster(frames: Sequence[Seen]) -> str | None:
    first = sorted(frames[:5], key=lambda one: -one.stored.frame.sharpness)
    return first[0].stored.id if first else None


def _plays(api: Api, view: VideoView) -> str | None:
    """Return how the video can be played now: as ``video``, as ``audio``, or not at all."""
    if view.normalized_path is not None:
        return "video"
    sound = audio_key(view.summary.id)
    return "audio" if view.segments or api.media.head(sound) is not None else None


def _models(view: VideoView) -> set[str]:
    """Return the models that made scenes, transcript and descriptions."""
    heard = {one.model for one in view.segments}
    described = {one.description_model for one in view.frames if one.description_model}
    return {one.model for one in view.scenes} | heard | described
