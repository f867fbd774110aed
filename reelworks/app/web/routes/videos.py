"""Forms of a video's page: delete it, index it again."""

from __future__ import annotations

from urllib.parse import quote

from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from reelworks.app.api.http.auth import CurrentCaller, require_scope
from reelworks.app.api.http.request_context import Context
from reelworks.app.api.schemas.paths import VideoPath
from reelworks.app.web.page_route import Form, page_router
from reelworks.app.web.session import FORMS
from reelworks.domain.jobs.stage import STAGES, Stage
from reelworks.domain.library.access import Scope
from reelworks.errors import InputError
from reelworks.operations.remove import remove_video
from reelworks.operations.submit import JobRequest, submit_job

router = page_router()


@router.post(f"{FORMS}videos/{{video_id}}/delete", dependencies=[require_scope(Scope.ADMIN)])
def delete(video_id: VideoPath, form: Form, caller: CurrentCaller, api: Context) -> Response:
    """Remove everything of a video."""
    del form
    remove_video(api.services, caller, video_id)
    return RedirectResponse("/?done=deleted", 303)


@router.post(f"{FORMS}videos/{{video_id}}/index", dependencies=[require_scope(Scope.SUBMIT)])
def index(video_id: VideoPath, form: Form, caller: CurrentCaller, api: Context) -> Response:
    """Queue a job that indexes a video; cached results are used but for the stages named.

    Raises ``InputError`` for an unknown stage.
    """
    request = JobRequest(video_id, recompute=tuple(_stages(form)))
    job = submit_job(api.services, caller, request)
    return RedirectResponse(f"/jobs/{quote(job.id, safe='')}?done=queued", 303)


def _stages(form: FormData) -> list[Stage]:
    names = [str(name) for name in form.getlist("recompute") if name]
    if unknown := set(names) - set(STAGES):
        raise InputError(f"There is no stage {sorted(unknown)[0]!r}.")
    return [stage for name in names for stage in STAGES if stage == name]
