"""The flow runs of jobs: they are created once, looked at when silent, and told to stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from http import HTTPStatus
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.states import Cancelled, Cancelling

from blocks.error_mapping import prefect_errors
from infra.fleet.plan import RUN_TAG, STOPPED
from reelworks.app.dispatcher.deployments import deployment_for, forget
from reelworks.domain.jobs.job import INDEX, INTERACTIVE, Job
from reelworks.domain.printable import one_line
from reelworks.errors import DeploymentNotFoundError, InvalidJobParametersError
from tasks.runtime.routing import QUEUES
from tasks.runtime.secret_sources import parameter_of

log = logging.getLogger(__name__)

GIVEN_UP = "The ledger heard nothing of this run for a whole lease and gave it up."
CANCELLED = "The job of this run was cancelled."
CANCELLED_THERE = "Its flow run was cancelled in Prefect."


class RunHealth(Enum):
    """What a look at a silent job's flow run says."""

    WAITS = auto()
    """It is in a queue, or has only just begun."""
    LOST = auto()
    """Its process is gone, or it ended without a word."""
    HANDED_BACK = auto()
    """It was stopped on purpose, or vanished, before it did anything: no fault of the job's."""
    DONE = auto()
    CANCELLED = auto()


@dataclass(frozen=True, slots=True)
class RunReport:
    """A verdict and why."""

    verdict: RunHealth
    reason: str = ""
    soon: bool = False
    """True when it will be known in a moment, as a run is being cancelled."""


def parameters_of(job: Job, source: str | None) -> dict[str, Any]:
    """Return the flow's parameters for a job; ``source`` is where its video lies.

    Prefect keeps them in clear, so an address is named without its secrets; the run reads the whole
    of it from the job's row (``tasks.runtime.secret_sources``).
    """
    given: Mapping[str, Any] = job.params
    video = {} if job.video_id is None else {"video_id": job.video_id}
    found = {"source": source} if job.kind == INDEX and source else {}
    mine = {"job": {"id": job.id, "attempt": job.attempts}}
    params = {**found, **given, **video, **mine}
    if isinstance(params.get("source"), str):
        params["source"] = parameter_of(params["source"])
    return {"params": params}


async def create_run(client: PrefectClient, job: Job, source: str | None) -> str:
    """Create the flow run of a job's attempt, or find the one that was, and return its id.

    Raises ``NothingDeployedError`` (may pass), ``JobRefusedError`` for parameters that the flow
    does not take, and the errors of the Prefect server.
    """
    with prefect_errors():
        deployment = await deployment_for(client, job.kind, job.pool)
        if deployment is None:
            where = f" to the pool {one_line(job.pool)}" if job.pool else ""
            raise DeploymentNotFoundError(
                f"Nothing is deployed{where} that does jobs of the kind {one_line(job.kind)}; "
                "run reelworks deploy or reelworks up."
            )
        run = await _create(client, job, deployment, parameters_of(job, source))
    return str(run.id)


async def _create(
    client: PrefectClient, job: Job, deployment: DeploymentResponse, parameters: dict[str, Any]
) -> FlowRun:
    """Create the run; the server also says 409 when two calls made the same queue at once."""
    queue = QUEUES[0] if job.priority >= INTERACTIVE else QUEUES[1]
    for wait in (*REFUSAL_WAITS, None):
        try:
            return await client.create_flow_run_from_deployment(
                deployment.id,
                parameters=parameters,
                idempotency_key=_key(job),
                name=f"{job.kind} {job.video_id or job.id}",
                tags=[RUN_TAG, f"job:{job.id}"],
                work_queue_name=queue if deployment.work_pool_name else None,
            )
        except ObjectNotFound:
            forget()
            raise DeploymentNotFoundError(
                f"The deployment of {job.kind} was removed; run reelworks deploy."
            ) from None
        except PrefectHTTPStatusError as error:
            if error.response.status_code not in REFUSED:
                raise
            if wait is None:
                raise InvalidJobParametersError(
                    f"The flow {job.kind} does not take the job's parameters: {_detail(error)}."
                ) from None
            await asyncio.sleep(wait)
    raise AssertionError("the last try returns or raises")


REFUSAL_WAITS = (0.2, 1.0)
"""Seconds before the server is asked again whether it means a refusal."""
REFUSED = (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.BAD_REQUEST)


def _key(job: Job) -> str:
    """The job's id names its run; a later attempt, or one after a stop, differs."""
    attempt = job.id if job.attempts == 1 else f"{job.id}:{job.attempts}"
    return f"{attempt}:requeue-{job.requeues}" if job.requeues else attempt


def _detail(error: PrefectHTTPStatusError) -> str:
    try:
        told = error.response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return f"HTTP {error.response.status_code}"
    return one_line(str(told))[:500].rstrip(".")


async def inspect_run(client: PrefectClient, job: Job, patience: float) -> RunReport:
    """Say what has become of a silent job's flow run.

    ``patience`` is how many seconds a run may take from a worker's grasp to its first heartbeat.
    """
    assert job.flow_run_id is not None  # noqa: S101 - the caller asks about a run
    with prefect_errors():
        try:
            run = await client.read_flow_run(UUID(job.flow_run_id))
        except ObjectNotFound:
            begun = job.started_at is not None
            gone = RunHealth.LOST if begun else RunHealth.HANDED_BACK
            return RunReport(gone, "Its flow run is gone from the Prefect server.")
        finding = classify(run, datetime.now(UTC), patience)
        over = finding.verdict in (RunHealth.LOST, RunHealth.CANCELLED)
        if over and run.state and not run.state.is_final():
            await client.set_flow_run_state(run.id, Cancelled(message=GIVEN_UP), force=True)
    return finding


def classify(run: FlowRun, now: datetime, patience: float) -> RunReport:
    """Return the verdict on a run of which the ledger has heard nothing in time."""
    state: State[Any] | None = run.state
    if state is None or state.type is StateType.SCHEDULED:
        return RunReport(RunHealth.WAITS)
    if state.type is StateType.COMPLETED:
        return RunReport(RunHealth.DONE)
    if state.type is StateType.CANCELLED:
        stopped = state.message == STOPPED
        verdict = RunHealth.HANDED_BACK if stopped else RunHealth.CANCELLED
        return RunReport(verdict, STOPPED if stopped else CANCELLED_THERE)
    if state.type in (StateType.FAILED, StateType.CRASHED):
        told = one_line(state.message or "").rstrip(".") or "no reason given"
        return RunReport(RunHealth.LOST, f"Its flow run {state.name}: {told}."[:1000])
    if now - state.timestamp < timedelta(seconds=patience):
        return RunReport(RunHealth.WAITS, soon=state.type is StateType.CANCELLING)
    return _silent(state)


def _silent(state: State[Any]) -> RunReport:
    """Return the verdict on a run whose process should say something by now."""
    if state.type is StateType.CANCELLING:  # nobody is left to say that it has ended
        return RunReport(RunHealth.CANCELLED, CANCELLED_THERE)
    return RunReport(RunHealth.LOST, "The process of its flow run is gone.")


async def request_cancellation(client: PrefectClient, job: Job) -> None:
    """Let the worker of a cancelled job's run stop it."""
    if job.flow_run_id is None:
        return
    with prefect_errors():
        try:
            run = await client.read_flow_run(UUID(job.flow_run_id))
            if run.state is None or run.state.is_final():
                return
            running = run.state.is_running() or run.state.is_pending()
            state = Cancelling if running else Cancelled
            await client.set_flow_run_state(run.id, state(message=CANCELLED))
        except ObjectNotFound:
            log.info("The flow run of the cancelled job %s is gone already.", job.id)
