"""Health of the services beneath: answered within five seconds, whatever is frozen."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import text

from infra.fleet.server_health import server_fault
from reelworks.app.api.http.request_context import Api
from reelworks.errors import ReelworksError
from reelworks.store.db.database import transaction
from reelworks.store.jobs.dispatchers import silence, stalled_jobs, why_jobs_wait

_PATIENCE = 3.0
DEADLINE = 4.0
"""Seconds after which a part that has not answered counts as silent."""
FRESH_SECONDS = 2.0
"""How long one result serves all requests."""

Check = Callable[[Api], str | None]
"""Returns what is wrong, or None."""


class _Part:
    """The check of one service. It has at most one thread, however long the service is silent."""

    def __init__(self, name: str, check: Check, api: Api) -> None:
        self.name = name
        self._check = check
        self._api = api
        self._answer: Future[str | None] | None = None

    def probe(self) -> Future[str | None]:
        """Begin the check, or return the one that still waits for its answer."""
        if self._answer is None or self._answer.done():
            self._answer = Future()
            arguments = (self._answer,)
            threading.Thread(
                target=self._run, args=arguments, name=f"health {self.name}", daemon=True
            ).start()
        return self._answer

    def _run(self, answer: Future[str | None]) -> None:
        try:
            answer.set_result(self._check(self._api))
        except Exception as error:  # noqa: BLE001 - whatever it is, the check failed
            answer.set_result(f"Its check failed: {type(error).__name__}: {error}")


class HealthMonitor:
    """What is wrong, by service. Belongs to one event loop; uses no thread of the requests."""

    def __init__(self, api: Api, checks: Mapping[str, Check] | None = None) -> None:
        self._parts = [_Part(name, check, api) for name, check in (checks or CHECKS).items()]
        self._known: tuple[float, dict[str, str]] | None = None
        self._probing: asyncio.Task[dict[str, str]] | None = None

    async def problems(self) -> dict[str, str]:
        """Return what is wrong; empty when all is well. Takes ``DEADLINE`` seconds at most."""
        if self._known and time.monotonic() - self._known[0] < FRESH_SECONDS:
            return self._known[1]
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(self._probe_all(), name="health")
        return await asyncio.shield(self._probing)

    async def _probe_all(self) -> dict[str, str]:
        answers = {part.name: asyncio.wrap_future(part.probe()) for part in self._parts}
        await asyncio.wait(answers.values(), timeout=DEADLINE)
        found = {
            name: answer.result() if answer.done() else f"No answer for {DEADLINE:g} s."
            for name, answer in answers.items()
        }
        reasons = {name: reason for name, reason in found.items() if reason}
        wrong = {name: one for name, one in reasons.items() if _NEEDS.get(name) not in reasons}
        self._known = (time.monotonic(), wrong)
        return wrong


async def health_of(request: Request) -> HealthMonitor:
    """Return the application's health."""
    health: HealthMonitor = request.app.state.health
    return health


HealthOf = Annotated[HealthMonitor, Depends(health_of)]


def _postgres(api: Api) -> str | None:
    try:
        with transaction(api.engine) as connection:
            connection.execute(text("SELECT 1 FROM jobs LIMIT 1"))
    except ReelworksError as error:
        return str(error)
    return None


def _store(api: Api) -> str | None:
    try:
        api.media.check()
    except ReelworksError as error:
        return str(error)
    return None


def _prefect(api: Api) -> str | None:
    address = api.settings.prefect.api_url
    if address is None:
        return None
    fault = server_fault(address, _PATIENCE)
    return None if fault is None else str(fault)


def _dispatcher(api: Api) -> str | None:
    try:
        return why_jobs_wait(silence(api.engine))
    except ReelworksError:
        return None  # PostgreSQL is down, which its own check reports


def _runs(api: Api) -> str | None:
    """Report jobs that were submitted to Prefect while no run starts at all."""
    try:
        stalled = stalled_jobs(api.engine)
    except ReelworksError:
        return None
    if stalled is None:
        return None
    return (
        f"{stalled.number} jobs were submitted to Prefect, the first {stalled.seconds:.0f} s ago, "
        "and no run starts: the runner (reelworks up) or the workers are dead or stuck; restart "
        "them."
    )


_NEEDS: Mapping[str, str] = {"dispatcher": "postgres", "runs": "postgres"}
"""Checks that read the database: while it is down, its own check reports that and they nothing."""
CHECKS: Mapping[str, Check] = {
    "postgres": _postgres,
    "store": _store,
    "prefect": _prefect,
    "dispatcher": _dispatcher,
    "runs": _runs,
}
