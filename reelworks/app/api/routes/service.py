"""The service itself: is it well, how much is there, what may start."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, Field

from infra.workers.worker_status import read_facts
from reelworks.app.api.health import HealthOf
from reelworks.app.api.http.auth import CurrentCaller, require_scope
from reelworks.app.api.http.idempotency import Idempotent, JobIds, Reply
from reelworks.app.api.http.request_context import Context
from reelworks.app.api.http.ttl_cache import TtlCache
from reelworks.app.api.metrics import CONTENT_TYPE, metrics_of
from reelworks.app.api.schemas.requests import Pause
from reelworks.app.api.schemas.visibility import visible_text
from reelworks.domain.jobs.job import JobStatus
from reelworks.domain.library.access import Scope
from reelworks.domain.library.library import VideoStatus
from reelworks.store.jobs.job_stats import JobStats, job_stats
from reelworks.store.jobs.jobs import is_paused, pause_dispatcher, resume_dispatcher
from reelworks.store.library.video_reads import count_all

router = APIRouter(tags=["service"])
_NUMBERS_SECONDS = 5.0


class Health(BaseModel):
    """Whether all parts answer."""

    ok: bool
    status: Literal["healthy", "unhealthy"]
    reasons: dict[str, str] = Field({}, description="What is wrong, by part.")


class Stats(BaseModel):
    """How much there is."""

    jobs: dict[str, Any] = Field(examples=[{"pending": 3, "done": 120, "total": 123}])
    videos: dict[str, Any] = Field(examples=[{"ready": 118, "total": 120, "hours": 64.5}])
    processing: dict[str, Any] = Field(examples=[{"jobs": 2, "paused": False, "workers": 1}])


class DispatcherState(BaseModel):
    """Whether waiting jobs may start."""

    paused: bool


def remembered(request: Request, api: Context) -> dict[str, TtlCache[Any]]:
    """Return the answers that callers share."""
    kept: dict[str, TtlCache[Any]] | None = getattr(request.app.state, "remembered", None)
    if kept is None:
        kept = {
            "numbers": TtlCache(_NUMBERS_SECONDS, lambda: job_stats(api.engine)),
            "metrics": TtlCache(
                _NUMBERS_SECONDS, lambda: metrics_of(api.engine, api.settings.data_dir)
            ),
        }
        request.app.state.remembered = kept
    return kept


Shared = Annotated[dict[str, TtlCache[Any]], Depends(remembered)]


class Alive(BaseModel):
    """That this process answers."""

    ok: Literal[True] = True


_DOWN: dict[int | str, dict[str, Any]] = {503: {"model": Health, "description": "A part is down."}}


@router.get("/livez")
async def livez() -> Alive:
    """Say that this process answers, whatever its neighbours do: for decisions to restart it."""
    return Alive()


@router.get("/readyz", responses=_DOWN, response_model=Health)
@router.get("/healthz", responses=_DOWN, response_model=Health)
async def readyz(health: HealthOf, caller: CurrentCaller) -> JSONResponse:
    """Say within five seconds whether all parts work; reasons are for those with a token."""
    wrong = await health.problems()
    if not wrong:
        return JSONResponse({"ok": True, "status": "healthy"})
    if not Scope.READ.is_in(caller.scopes):
        wrong = dict.fromkeys(wrong, "down")
    wrong = {part: visible_text(reason, caller) for part, reason in wrong.items()}
    return JSONResponse({"ok": False, "status": "unhealthy", "reasons": wrong}, 503)


@router.get("/stats", dependencies=[require_scope(Scope.READ)])
def stats(shared: Shared, api: Context) -> Stats:
    """Say how much there is; up to five seconds old."""
    numbers: JobStats = shared["numbers"].get()
    held = count_all(api.engine)
    workers = read_facts(api.settings.data_dir)
    jobs = {status.value: number for status, number in numbers.jobs.items()}
    return Stats(
        jobs=jobs
        | {
            "total": sum(jobs.values()),
            "oldest_waiting_seconds": numbers.oldest_waiting,
            "failed_by_code": dict(numbers.failures),
            "cost": float(numbers.cost),
        },
        videos=dict.fromkeys((one.value for one in VideoStatus), 0)
        | dict(held.videos)
        | {
            "total": sum(held.videos.values()),
            "hours": round(held.hours, 3),
            "scenes": held.scenes,
            "frames": held.frames,
            "segments": held.segments,
            "captions": held.captions,
            "embeddings": dict(held.embeddings),
        },
        processing={
            "jobs": numbers.jobs[JobStatus.PROCESSING],
            "paused": is_paused(api.engine),
            "workers": len(workers),
            "busy": sum(child.run is not None for one in workers for child in one.children),
            "stage_seconds": {
                one.stage: {"count": one.number, "mean": round(one.total / one.number, 3)}
                for one in numbers.stages
            },
        },
    )


@router.get("/metrics", dependencies=[require_scope(Scope.READ)], response_class=PlainTextResponse)
def metrics(shared: Shared) -> PlainTextResponse:
    """Give the numbers for Prometheus; up to five seconds old."""
    return PlainTextResponse(shared["metrics"].get(), media_type=CONTENT_TYPE)


@router.post(
    "/intake/pause", response_model=DispatcherState, dependencies=[require_scope(Scope.ADMIN)]
)
def pause(once: Idempotent, api: Context, asked: Pause | None = None) -> JSONResponse:
    """Let no waiting job start; what runs goes on."""

    def work(_: JobIds) -> Reply:
        pause_dispatcher(api.engine, note=asked.note if asked else None)
        return Reply(200, DispatcherState(paused=True))

    return once.run(work)


@router.post(
    "/intake/resume", response_model=DispatcherState, dependencies=[require_scope(Scope.ADMIN)]
)
def resume(once: Idempotent, api: Context) -> JSONResponse:
    """Let waiting jobs start again."""

    def work(_: JobIds) -> Reply:
        resume_dispatcher(api.engine)
        return Reply(200, DispatcherState(paused=False))

    return once.run(work)
