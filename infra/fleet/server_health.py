"""Health of a Prefect server: it answers, reaches its database, and plans what schedules ask.

A server can say that it is well while the loops behind it fail: deployments are READY, and no
schedule ever runs. So `server_fault` looks at what the loops have left in the database, and
`planning_fault` has them plan a run.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from infra.fleet.plan import RUN_TAG
from infra.fleet.prefect_api import PrefectApi, ServerFault, ServerFaultError, prefect_api
from reelworks.domain.printable import one_line

LOOK_SECONDS = 4.0
"""What the look may take that a health check makes, all its calls together."""
PLAN_SECONDS = 30.0
"""What the server may take to plan a run: its loop for new deployments comes every 5 s."""
SETTLED = timedelta(minutes=3)
"""Age from which a schedule without a planned run is a fault: the slower loop comes every 60 s."""
PLANNED_AHEAD = timedelta(days=90)
"""How far ahead the server surely plans: 100 days, unless configured otherwise."""
PROBE = "reelworks-doctor"
"""Tag and name of the deployments that are made to see a run planned."""
LEFT_BEHIND = timedelta(minutes=10)
"""Age from which such a deployment is what a killed check left."""
_MOST = 200
LEAST_SECONDS = 0.5
"""What must be left of the time for another call."""
GONE = (HTTPStatus.NOT_FOUND,)


def server_fault(
    api_url: str, seconds: float = LOOK_SECONDS, environment: Mapping[str, str] = os.environ
) -> ServerFault | None:
    """Say what is wrong with the server at ``api_url``; changes nothing there.

    It must answer, let us in, reach its database, and have planned runs for every schedule of a
    deployment of ours that has been active for some minutes. Takes ``seconds`` at most.
    """
    try:
        with prefect_api(api_url, seconds, environment) as api:
            server = _HealthProbe(api)
            server.check_database()
            server.check_schedules()
    except ServerFaultError as found:
        return found.fault
    return None


def planning_fault(
    api_url: str, seconds: float = PLAN_SECONDS, environment: Mapping[str, str] = os.environ
) -> ServerFault | None:
    """Say why the server at ``api_url`` plans no runs; it has to plan one, which is removed.

    Makes a deployment that no worker serves, with a schedule of each kind that is due in weeks, and
    waits up to ``seconds`` for their runs. What an earlier call left when it was killed is removed.
    """
    try:
        with prefect_api(api_url, seconds, environment) as api:
            server = _HealthProbe(api)
            server.remove_probes(datetime.now(UTC) - LEFT_BEHIND)
            server.probe_planning()
    except ServerFaultError as found:
        return found.fault
    return None


def server_version(
    api_url: str, seconds: float = LOOK_SECONDS, environment: Mapping[str, str] = os.environ
) -> str:
    """Return the version of the server at ``api_url``, or why it does not tell."""
    try:
        with prefect_api(api_url, seconds, environment) as api:
            return str(api.read("GET", "admin/version"))
    except ServerFaultError as found:
        return found.fault.finding


@dataclass(slots=True)
class _HealthProbe:
    """Checks of a Prefect server."""

    api: PrefectApi

    def check_database(self) -> None:
        """Ask the server whether it reaches its database; Prefect Cloud does not tell."""
        self.api.call("GET", "ready", passed=GONE)

    def check_schedules(self) -> None:
        """Compare the active schedules of our deployments with the runs that are planned."""
        wanted = {"deployments": {"tags": {"all_": [RUN_TAG]}}, "limit": _MOST}
        deployments = self.api.post("deployments/filter", wanted)
        waiting = {
            schedule["id"]: (deployment, schedule)
            for deployment in deployments
            if not deployment["paused"]
            for schedule in deployment["schedules"]
            if schedule["active"] and _age(schedule["updated"]) > SETTLED
        }
        if not waiting:
            return
        for schedule_id in self._planned({one["id"] for one, _ in waiting.values()}):
            waiting.pop(schedule_id, None)
        self._check_unplanned(list(waiting.values()))

    def _check_unplanned(self, missing: Sequence[tuple[Any, Any]]) -> None:
        """Look again at each schedule alone, as long as there is time.

        Many frequent schedules hide the runs of a rare one. What there is no time for is unknown,
        which is no fault.
        """
        for deployment, schedule in missing:
            if self.api.left < LEAST_SECONDS:
                return
            if schedule["id"] not in self._planned({deployment["id"]}) and _is_due(
                schedule["schedule"]
            ):
                kind, name = _kind_of(schedule["schedule"]), one_line(str(deployment["name"]))
                raise ServerFaultError(_unplanned(f"the schedule ({kind}) of {name}"))

    def probe_planning(self) -> None:
        """Make a deployment with a schedule of each kind, wait for their runs, and remove it all.

        Each kind is read by other code of the server: one can fail while the others still work.
        """
        name = f"{PROBE}-{secrets.token_hex(4)}"
        flow = self.api.post("flows/", {"name": name})
        try:
            probe = {
                "name": name,
                "flow_id": flow["id"],
                "tags": [PROBE],
                "schedules": [{"active": True, "schedule": one} for one in _far_schedules()],
            }
            deployment = self.api.post("deployments/", probe)
            waiting = {one["id"]: _kind_of(one["schedule"]) for one in deployment["schedules"]}
            while missing := sorted(waiting.keys() - self._planned({deployment["id"]})):
                if self.api.left < 1:
                    kinds = " and ".join(sorted(waiting[one] for one in missing))
                    raise ServerFaultError(_unplanned(f"a new schedule ({kinds})"))
                time.sleep(0.25)
        finally:
            self.api.deadline = max(self.api.deadline, time.monotonic() + LOOK_SECONDS)
            self._remove(flow["id"])

    def remove_probes(self, before: datetime) -> None:
        """Remove the deployments of checks that were killed."""
        wanted = {"deployments": {"tags": {"all_": [PROBE]}}, "limit": _MOST}
        for deployment in self.api.post("deployments/filter", wanted):
            if datetime.fromisoformat(deployment["created"]) < before:
                self._remove(deployment["flow_id"])

    def _remove(self, flow_id: str) -> None:
        """Remove a flow with its deployments, and those with the runs that are planned."""
        wanted = {"flows": {"id": {"any_": [flow_id]}}, "limit": _MOST}
        for deployment in self.api.post("deployments/filter", wanted):
            self.api.call("DELETE", f"deployments/{deployment['id']}", passed=GONE)
        self.api.call("DELETE", f"flows/{flow_id}", passed=GONE)

    def _planned(self, deployment_ids: set[str]) -> set[str]:
        """Return the schedules of which runs are planned, by the newest runs planned first."""
        now = datetime.now(UTC).isoformat()
        runs = {
            "deployments": {"id": {"any_": sorted(deployment_ids)}},
            "flow_runs": {
                "state": {"type": {"any_": ["SCHEDULED"]}},
                "expected_start_time": {"after_": now},
            },
            "limit": _MOST,
        }
        planned: set[str] = set()
        for offset in range(0, 10 * _MOST, _MOST):
            page = self.api.post("flow_runs/filter", runs | {"offset": offset})
            made_by = (run["created_by"] or {} for run in page if run["auto_scheduled"])
            planned |= {str(by["id"]) for by in made_by if by.get("type") == "SCHEDULE"}
            if len(page) < _MOST:
                break
        return planned


def _unplanned(which: str) -> ServerFault:
    return ServerFault(
        f"The Prefect server plans no runs: {which} is active and nothing is planned.",
        "Read the server's log, install whenever 0.11 or later where it runs (cron schedules need "
        "it), and restart it with PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED on.",
    )


def _far_schedules() -> list[dict[str, Any]]:
    """Return a schedule of each kind, none of which is due in the next week."""
    day = min((datetime.now(UTC) + timedelta(days=15)).day, 28)
    return [
        {"interval": timedelta(days=30).total_seconds()},
        {"cron": f"0 0 {day} * *", "timezone": "Europe/Berlin"},
        {"rrule": f"FREQ=MONTHLY;BYMONTHDAY={day};BYHOUR=0;BYMINUTE=0;BYSECOND=0"},
    ]


def _kind_of(schedule: Mapping[str, Any]) -> str:
    return next((kind for kind in ("cron", "interval", "rrule") if kind in schedule), "unknown")


def _age(moment: str) -> timedelta:
    return datetime.now(UTC) - datetime.fromisoformat(moment)


def _is_due(schedule: Mapping[str, Any]) -> bool:
    """Tell whether a schedule has a date so near that the server must have planned it.

    One that names 29 February or has run out has none. Prefect's own reading of schedules takes a
    second to import, and is needed only where something looks wrong.
    """
    from prefect.server.schemas.schedules import SCHEDULE_TYPES
    from pydantic import TypeAdapter

    now = datetime.now(UTC)
    try:
        found = TypeAdapter(SCHEDULE_TYPES).validate_python(dict(schedule))
        return bool(asyncio.run(found.get_dates(n=1, start=now, end=now + PLANNED_AHEAD)))
    except ValueError:  # a schedule that Prefect itself cannot read is not planned for that reason
        return True
