"""The service: health, statistics, metrics, pausing the dispatcher."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, Field

from infra.workers.status.worker_status import read_statuses
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
from reelworks.operations.jobs.control import pause_dispatcher, resume_dispatcher
from reelworks.store.jobs.dispatchers import is_paused
from reelworks.store.jobs.job_stats import JobStats, job_stats
from reelworks.store.library.video_reads import count_all

router = APIRouter(tags=["service"])
_NUMBERS_SECONDS = 5.0


class Health(BaseModel):
    """Health of all services."""

    ok: bool
    status: Literal["healthy", "unhealthy"]
    reasons: dict[str, str] = Field({}, description="What is wrong, by service.")


class Stats(BaseModel):
    """Statistics of the library and its jobs."""

    jobs: dict[str, Any] = Field(examples=[{"queued": 3, "done": 120, "total": 123}])
    videos: dict[str, Any] = Field(examples=[{"ready": 118, "total": 120, "hours": 64.5}])
    processing: dict[str, Any] = Field(examples=[{"jobs": 2, "paused": False, "workers": 1}])


class DispatcherState(BaseModel):
    """Whether queued jobs may start."""

    paused: bool


def shared_caches(request: Request, api: Context) -> dict[str, TtlCache[Any]]:
    """Return the cached values that all requests share."""
    caches: dict[str, TtlCache[Any]] | None = getattr(request.app.state, "caches", None)
    if caches is None:
        caches = {
            "numbers": TtlCache(_NUMBERS_SECONDS, lambda: job_stats(api.engine)),
            "metrics": TtlCache(
                _NUMBERS_SECONDS, lambda: metrics_of(api.engine, api.settings.data_dir)
            ),
        }
        request.app.state.caches = caches
    return caches


Shared = Annotated[dict[str, TtlCache[Any]], Depends(shared_caches)]


class Alive(BaseModel):
    """Liveness of this process."""

    ok: Literal[True] = True


_DOWN: dict[int | str, dict[str, Any]] = {
    503: {"model": Health, "description": "A service is down."}
}


@router.get("/livez", operation_id="get_liveness")
async def livez() -> Alive:
    """Liveness of this process, whatever the other services do: for decisions to restart it."""
    return Alive()


@router.get("/readyz", operation_id="get_readiness", responses=_DOWN, response_model=Health)
@router.get("/healthz", operation_id="get_health", responses=_DOWN, response_model=Health)
async def readyz(health: HealthOf, caller: CurrentCaller) -> JSONResponse:
    """Readiness of all services, within five seconds; reasons are for callers with a token."""
    wrong = await health.problems()
    if not wrong:
        return JSONResponse({"ok": True, "status": "healthy"})
    if not Scope.READ.is_in(caller.scopes):
        wrong = dict.fromkeys(wrong, "down")
    wrong = {part: visible_text(reason, caller) for part, reason in wrong.items()}
    return JSONResponse({"ok": False, "status": "unhealthy", "reasons": wrong}, 503)


@router.get("/stats", operation_id="get_stats", dependencies=[require_scope(Scope.READ)])
def stats(shared: Shared, api: Context) -> Stats:
    """Statistics, up to five seconds old."""
    numbers: JobStats = shared["numbers"].get()
    contents = count_all(api.engine)
    workers = read_statuses(api.settings.data_dir)
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
        | dict(contents.videos)
        | {
            "total": sum(contents.videos.values()),
            "hours": round(contents.hours, 3),
            "scenes": contents.scenes,
            "frames": contents.frames,
            "segments": contents.segments,
            "captions": contents.captions,
            "embeddings": dict(contents.embeddings),
        },
        processing={
            "jobs": numbers.jobs[JobStatus.RUNNING],
            "paused": is_paused(api.engine),
            "workers": len(workers),
            "busy": sum(child.run is not None for one in workers for child in one.children),
            "stage_seconds": {
                one.stage: {"count": one.number, "mean": round(one.total / one.number, 3)}
                for one in numbers.stages
            },
        },
    )


@router.get(
    "/metrics",
    operation_id="get_metrics",
    dependencies=[require_scope(Scope.READ)],
    response_class=PlainTextResponse,
)
def metrics(shared: Shared) -> PlainTextResponse:
    """Prometheus metrics, up to five seconds old."""
    return PlainTextResponse(shared["metrics"].get(), media_type=CONTENT_TYPE)


@router.post(
    "/dispatcher/pause",
    operation_id="pause_dispatcher",
    response_model=DispatcherState,
    dependencies=[require_scope(Scope.ADMIN)],
)
def pause(
    once: Idempotent, caller: CurrentCaller, api: Context, body: Pause | None = None
) -> JSONResponse:
    """Pause the dispatcher: no queued job starts, running jobs continue."""

    def work(_: JobIds) -> Reply:
        pause_dispatcher(api.engine, caller, note=body.note if body else None)
        return Reply(200, DispatcherState(paused=True))

    return once.run(work)


@router.post(
    "/dispatcher/resume",
    operation_id="resume_dispatcher",
    response_model=DispatcherState,
    dependencies=[require_scope(Scope.ADMIN)],
)
def resume(once: Idempotent, caller: CurrentCaller, api: Context) -> JSONResponse:
    """Resume the dispatcher: queued jobs start again."""

    def work(_: JobIds) -> Reply:
        resume_dispatcher(api.engine, caller)
        return Reply(200, DispatcherState(paused=False))

    return once.run(work)
