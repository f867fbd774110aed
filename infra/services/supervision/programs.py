"""Our own processes that ``reelworks up`` keeps running on the services."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.fleet.plan import HEARTBEAT
from infra.services.endpoints import Endpoints
from infra.services.files import free_ports, last_lines
from infra.services.process import Command, start, wait_gone
from infra.services.supervision import heartbeats
from infra.services.supervision.parts import ServicePaths, stop_parts
from infra.services.supervision.state import Service, State
from reelworks.domain.digest import sha256_of_bytes
from reelworks.errors import ServiceError
from reelworks.settings import Settings

PINNED_BY_UP = "REELWORKS_PINNED_BY_UP"
"""Set in the processes that ``up`` keeps: the variables that ``up`` laid over the user's own."""
_GRACE = 0.5
"""Seconds in which a program that cannot start at all is noticed."""


@dataclass(frozen=True, slots=True)
class Program:
    """A process of ours."""

    part: Service
    arguments: Sequence[str]
    listens: bool = False
    """True: it is given a port of this machine as its last argument."""
    starts_services: bool = False
    """True: it gets what the user set, not the addresses of the embedded services."""


def _module(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *arguments)


PROGRAMS = (
    Program(Service.RUNNER, _module("flows.serve")),
    Program(Service.DISPATCHER, _module("reelworks.app.dispatcher")),
    Program(Service.API, _module("reelworks.app", "--port"), listens=True),
    Program(Service.WATCHDOG, _module("infra.services.supervision.watchdog"), starts_services=True),
)


def start_programs(
    paths: ServicePaths,
    state: State,
    programs: Sequence[Program],
    found: Endpoints,
    settings: Settings,
) -> None:
    """Start those of ``programs`` that do not run, and note them.

    One that runs with another auth string than Prefect's server asks for now (an earlier version
    gave it none) is started again.

    Raises ``ServiceError`` for one that ends at once; those that started stay noted.
    """
    missing = [
        one for one in programs if not state.alive(one.part) or is_stale(state, one.part, found)
    ]
    stop_parts(state, [one.part for one in missing if state.alive(one.part)], forget=False)
    started = []
    for program in missing:
        ports = _ports(program, state, settings)
        unserved = _unserved(settings, found)
        laid_over = unserved if program.starts_services else _served(found, unserved)
        heartbeats.end(paths.data_dir, program.part.value)  # of the one before
        process = start(_command(paths, program, ports, laid_over))
        state.note(program.part, process, ports, _digest(found))
        started.append((program, process))
    for program, process in started:
        if wait_gone(process, _GRACE / len(started)):
            log = paths.log(program.part)
            state.parts.pop(program.part)
            raise ServiceError(
                f"The {program.part.value} did not start: "
                f"{last_lines(log, 1) or 'it exited immediately'} (log: {log})."
            )


def is_stale(state: State, part: Service, found: Endpoints) -> bool:
    """Tell whether a program was started with another auth string than Prefect's server takes."""
    return _digest(found) not in ("", state.parts[part].auth_digest)


def _digest(found: Endpoints) -> str:
    """Return a digest of the embedded Prefect server's auth string; empty for another server."""
    secret = found.prefect_auth_string
    return sha256_of_bytes(secret.get_secret_value().encode()) if secret else ""


def _ports(program: Program, state: State, settings: Settings) -> tuple[int, ...]:
    if not program.listens:
        return ()
    wished = (settings.api.port,) if settings.api.port else ()
    return free_ports(1, state.ports.get(program.part, wished))


def _served(found: Endpoints, unserved: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return what leads a program to the services, and what it would need to start the watchdog."""
    laid_over = [name for name, value in unserved.items() if value is None]
    return {**found.environment(), PINNED_BY_UP: ",".join(laid_over)}


def _unserved(settings: Settings, found: Endpoints) -> dict[str, str | None]:
    """Return what takes the addresses of embedded services out of an environment again."""
    given = Endpoints(
        database_url=settings.database.url,
        s3_endpoint_url=settings.s3.endpoint_url,
        s3_access_key_id=settings.s3.access_key_id,
        s3_secret_access_key=settings.s3.secret_access_key,
        prefect_api_url=settings.prefect.api_url,
    )
    return {**dict.fromkeys(found.environment()), **given.environment()}


def _command(
    paths: ServicePaths,
    program: Program,
    ports: tuple[int, ...],
    laid_over: Mapping[str, str | None],
) -> Command:
    root = str(Path(__file__).parents[3])
    search_path = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return Command(
        arguments=[*program.arguments, *map(str, ports)],
        log=paths.log(program.part),
        environment={
            PINNED_BY_UP: None,
            **laid_over,
            **HEARTBEAT,
            "DATA_DIR": str(paths.data_dir),
            "PYTHONPATH": os.pathsep.join(search_path),
        },
    )
