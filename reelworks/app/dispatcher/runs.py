"""Flow runs of jobs: creation with an idempotency key, inspection, and cancellation."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.states import Cancelled, Cancelling

from blocks.error_mapping import prefect_errors
from infra.fleet.plan import RUN_TAG
from reelworks.app.dispatcher.deployments import clear_cache, deployment_for
from reelworks.app.dispatcher.run_health import RunHealth, RunReport, classify, classify_deleted
from reelworks.domain.jobs.job import INDEX, INTERACTIVE, Job
from reelworks.domain.printable import one_line
from reelworks.errors import DeploymentNotFoundError, InvalidJobParametersError
from tasks.runtime.remote.routing import QUEUES
from tasks.runtime.secret_sources import parameter_of

log = logging.getLogger(__name__)

LEASE_EXPIRED = "This run sent no heartbeat for a whole lease, so its job was given to another."
JOB_CANCELLED = "The job of this run was cancelled."
RECALLED = "The job of this run went back into the queue."
REFUSAL_WAITS = (0.2, 1.0)
"""Seconds before each retry of a refused run: two calls that create one work queue at the same
moment are refused as well."""
REFUSED = (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.BAD_REQUEST)
LONGEST_DETAIL = 500
"""Characters of a refusal that are passed on to the job's error."""


def parameters_of(job: Job, source: str | None) -> dict[str, Any]:
    """Return the flow's parameters for a job; ``source`` is the location of its video.

    Prefect stores them unencrypted, so a URL is named without its secrets; the run reads the whole
    URL from the job's row (``tasks.runtime.secret_sources``).
    """
    video = {} if job.video_id is None else {"video_id": job.video_id}
    located = {"source": source} if job.kind == INDEX and source is not None else {}
    reference = {"job": {"id": job.id, "attempt": job.attempts}}
    params = {**located, **job.params, **video, **reference}
    if isinstance(params.get("source"), str):
        params["source"] = parameter_of(params["source"])
    return {"params": params}


async def create_run(client: PrefectClient, job: Job, source: str | None) -> str:
    """Create the flow run of a job's attempt, or find the one that was created before.

    Returns its id. Raises ``DeploymentNotFoundError``, ``InvalidJobParametersError``, or the
    errors of the Prefect server.
    """
    with prefect_errors():
        deployment = await deployment_for(client, job.kind, job.pool)
        if deployment is None:
            where = f" to the pool {one_line(job.pool)}" if job.pool else ""
            raise DeploymentNotFoundError(
                f"No flow for jobs of the kind {one_line(job.kind)} is deployed{where}; "
                "run reelworks deploy or reelworks up."
            )
        run = await _create(client, job, deployment, parameters_of(job, source))
    return str(run.id)


async def _create(
    client: PrefectClient, job: Job, deployment: DeploymentResponse, parameters: dict[str, Any]
) -> FlowRun:
    queue = QUEUES[0] if job.priority >= INTERACTIVE else QUEUES[1]
    for wait in (*REFUSAL_WAITS, None):
        try:
            return await client.create_flow_run_from_deployment(
                deployment.id,
                parameters=parameters,
                idempotency_key=idempotency_key(job),
                name=f"{job.kind} {job.video_id or job.id}",
                tags=[RUN_TAG, f"job:{job.id}"],
                work_queue_name=queue if deployment.work_pool_name else None,
            )
        except ObjectNotFound:
            clear_cache()
            raise DeploymentNotFoundError(
                f"The deployment of {job.kind} was removed; run reelworks deploy."
            ) from None
        except PrefectHTTPStatusError as error:
            if error.response.status_code not in REFUSED:
                raise
            if wait is None:
                raise InvalidJobParametersError(
                    f"The flow {job.kind} does not accept the job's parameters: {_detail(error)}."
                ) from None
            await asyncio.sleep(wait)
    raise AssertionError("the last try returns or raises")


def idempotency_key(job: Job) -> str:
    """Return the key with which Prefect creates one run for each attempt and requeue of a job."""
    attempt = job.id if job.attempts == 1 else f"{job.id}:{job.attempts}"
    return f"{attempt}:requeue-{job.requeues}" if job.requeues else attempt


def _detail(error: PrefectHTTPStatusError) -> str:
    try:
        detail = error.response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return f"HTTP {error.response.status_code}"
    return one_line(str(detail))[:LONGEST_DETAIL].rstrip(".")


async def inspect_run(client: PrefectClient, job: Job, patience: float) -> RunReport:
    """Return the health of the flow run of a job whose lease expired; end a run that is lost.

    ``patience`` is how many seconds a run may take from its worker's claim to its first heartbeat.
    """
    assert job.flow_run_id is not None  # noqa: S101 - only jobs with a run are inspected
    with prefect_errors():
        try:
            run = await client.read_flow_run(UUID(job.flow_run_id))
        except ObjectNotFound:
            return classify_deleted(started=job.started_at is not None)
        report = classify(run, datetime.now(UTC), patience)
        over = report.health in (RunHealth.LOST, RunHealth.CANCELLED)
        if over and run.state and not run.state.is_final():
            ended: State[Any] = Cancelled(message=LEASE_EXPIRED)
            await client.set_flow_run_state(run.id, ended, force=True)
    return report


async def is_scheduled(client: PrefectClient, job: Job) -> bool:
    """Tell whether no worker has taken the run of a submitted job, or it is gone."""
    if job.flow_run_id is None:
        return False
    with prefect_errors():
        try:
            run = await client.read_flow_run(UUID(job.flow_run_id))
        except ObjectNotFound:
            return True
    return run.state is None or run.state.is_scheduled()


async def request_cancellation(
    client: PrefectClient, job: Job, message: str = JOB_CANCELLED
) -> None:
    """Have Prefect cancel a job's run; its worker stops a run that has begun."""
    if job.flow_run_id is None:
        return
    with prefect_errors():
        try:
            run = await client.read_flow_run(UUID(job.flow_run_id))
            if run.state is None or run.state.is_final():
                return
            running = run.state.is_running() or run.state.is_pending()
            state = Cancelling if running else Cancelled
            await client.set_flow_run_state(run.id, state(message=message))
        except ObjectNotFound:
            log.info("JOB %s: the flow run to cancel no longer exists.", job.id)
