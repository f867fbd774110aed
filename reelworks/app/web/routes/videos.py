"""What the page of a video changes."""

from __future__ import annotations

from typing import get_args
from urllib.parse import quote

from fastapi.responses import RedirectResponse, Response

from reelworks.app.api.http.auth import CurrentCaller, require_scope
from reelworks.app.api.http.request_context import Context
from reelworks.app.api.schemas.paths import VideoPath
from reelworks.app.web.page_route import Form, page_router
from reelworks.app.web.session import FORMS
from reelworks.domain.jobs.job import NewJob
from reelworks.domain.jobs.stage import Stage
from reelworks.domain.library.access import Scope
from reelworks.errors import InputError
from reelworks.store.jobs.jobs import add_jobs, new_job_id
from reelworks.store.library.removal import remove_video
from reelworks.store.library.video_writes import media_keys

router = page_router()


@router.post(f"{FORMS}videos/{{video_id}}/delete", dependencies=[require_scope(Scope.ADMIN)])
def delete(video_id: VideoPath, form: Form, api: Context) -> Response:
    """Remove everything of a video."""
    del form
    remove_video(api.engine, api.store, video_id)
    return RedirectResponse("/?done=deleted", 303)


@router.post(f"{FORMS}videos/{{video_id}}/index", dependencies=[require_scope(Scope.SUBMIT)])
def index(video_id: VideoPath, form: Form, caller: CurrentCaller, api: Context) -> Response:
    """Ask for a video to be indexed again; what was computed before is kept unless named.

    Raises ``InputError`` for a stage that there is not.
    """
    again = [str(stage) for stage in form.getlist("again") if stage]
    if unknown := set(again) - set(get_args(Stage)):
        raise InputError(f"There is no stage {sorted(unknown)[0]!r}.")
    media_keys(api.engine, video_id)  # the video must be there
    job = NewJob(
        id=new_job_id(),
        video_id=video_id,
        params={"recompute": again} if again else {},
        requested_by=caller.name or None,
    )
    (made,) = add_jobs(api.engine, [job])
    return RedirectResponse(f"/jobs/{quote(made.id, safe='')}?done=asked", 303)
