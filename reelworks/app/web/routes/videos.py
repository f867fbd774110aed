"""Forms of a video's page: delete it, index it again."""

from __future__ import annotations

from urllib.parse import quote

from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel
from starlette.datastructures import FormData

from reelworks.app.api.http.auth import CurrentCaller, require_scope
from reelworks.app.api.http.request_context import Context
from reelworks.app.api.schemas.paths import VideoPath
from reelworks.app.web.page_route import Form, page_router, parse_form
from reelworks.app.web.session import FORMS
from reelworks.domain.library.access import Scope
from reelworks.errors import InputError
from reelworks.operations.jobs.requests import JobRequest, submit_job
from reelworks.operations.parameters import AudioTrackNumber
from reelworks.operations.remove import remove_video
from reelworks.pipeline.spec import Stage

router = page_router()


class IndexAgain(BaseModel):
    """Fields of the form beside the stages."""

    audio_track: AudioTrackNumber | None = None


@router.post(f"{FORMS}videos/{{video_id}}/delete", dependencies=[require_scope(Scope.ADMIN)])
def delete(video_id: VideoPath, form: Form, caller: CurrentCaller, api: Context) -> Response:
    """Remove everything of a video."""
    del form
    remove_video(api.services, caller, video_id)
    return RedirectResponse("/?done=deleted", 303)


@router.post(f"{FORMS}videos/{{video_id}}/index", dependencies=[require_scope(Scope.SUBMIT)])
def index(video_id: VideoPath, form: Form, caller: CurrentCaller, api: Context) -> Response:
    """Queue a job that indexes a video; cached results are used but for the stages named.

    Raises ``InputError`` for an unknown stage and ``RequestValidationError`` for no number.
    """
    track = parse_form(IndexAgain, _texts(form)).audio_track
    request = JobRequest(video_id, recompute=tuple(_stages(form)), audio_track=track)
    job = submit_job(api.services, caller, request)
    return RedirectResponse(f"/jobs/{quote(job.id, safe='')}?done=queued", 303)


def _texts(form: FormData) -> list[tuple[str, str]]:
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


def _stages(form: FormData) -> list[Stage]:
    names = [str(name) for name in form.getlist("recompute") if name]
    if unknown := set(names) - set(Stage):
        raise InputError(f"There is no stage {sorted(unknown)[0]!r}.")
    return [Stage(name) for name in names]
