"""Supervisor of the embedded services: started when needed, shared, stopped by the last user.

A one-shot command uses `running`; `up` pins the services until `down`. Everything is per DATA_DIR.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from infra.services.endpoints import Endpoints
from infra.services.process import Process, children_of, current, kill
from infra.services.supervision.parts import (
    ServicePaths,
    embedded,
    end_part,
    endpoints,
    is_external,
    runs_programs,
    start_parts,
    stop_parts,
)
from infra.services.supervision.probes import is_stopped
from infra.services.supervision.programs import PROGRAMS, Program, is_stale, start_programs
from infra.services.supervision.state import Service, State, User, locked, read_state, save_state
from reelworks.settings import Settings

SERVICES = (Service.POSTGRES, Service.STORE, Service.PREFECT)


@contextmanager
def running(settings: Settings, parts: Iterable[Service] = SERVICES) -> Iterator[Endpoints]:
    """Have ``parts`` running inside the block, and yield where they are.

    What the settings point elsewhere is left alone. What runs already is shared. At the end
    everything stops that no other process uses and ``up`` has not pinned; what a killed command
    left running is taken over by the next one.

    Raises ``ServiceError``, ``NoSpaceError`` or ``PermissionDeniedError``.
    """
    paths = ServicePaths(settings.data_dir)
    requested = tuple(parts)
    needed = embedded(settings, requested)
    if not needed:
        yield endpoints(paths, settings, State(), requested)
        return
    user = User(process=current(), token=secrets.token_hex(8), parts=needed)
    try:
        with locked(paths.run) as state:
            state.users.append(user)
            start_parts(paths, state, needed)
            found = endpoints(paths, settings, state, requested)
            _renew_programs(paths, settings, state)
        yield found
    finally:
        _leave(paths, user)


def up(settings: Settings, programs: Sequence[Program] = PROGRAMS) -> Endpoints:
    """Start every embedded service and our programs, keep them after this process, say where.

    Calling it again starts what is missing. Our programs are started where PostgreSQL and Prefect
    are both embedded; where everything is external, nothing is started and nothing noted.

    Raises ``ServiceError``, ``NoSpaceError`` or ``PermissionDeniedError``; nothing new stays then.
    """
    paths = ServicePaths(settings.data_dir)
    needed = embedded(settings, SERVICES)
    if not needed:
        return endpoints(paths, settings, State(), SERVICES)
    if not runs_programs(settings):
        programs = ()
    with locked(paths.run) as state:
        before = {part: part in state.parts and state.parts[part].pinned for part in Service}
        try:
            start_parts(paths, state, needed)
            found = endpoints(paths, settings, state, SERVICES)
            start_programs(paths, state, programs, found, settings)
            for running_part in state.parts.values():
                running_part.pinned = True
        except BaseException:
            for part, pinned in before.items():
                if part in state.parts:
                    state.parts[part].pinned = pinned
            stop_parts(state, state.unused())
            raise
    return found


def reachable(settings: Settings) -> Endpoints:
    """Return where the services are that run now or that the settings name; start nothing."""
    paths = ServicePaths(settings.data_dir)
    state = read_state(paths.run)
    there = [part for part in SERVICES if is_external(settings, part) or state.alive(part)]
    return endpoints(paths, settings, state, there)


def down(settings: Settings, *, force: bool = False) -> tuple[int, ...]:
    """Stop what ``up`` keeps running.

    Services that a command still uses run until that ends, unless ``force``. Returns the ids of
    the processes that still use something.
    """
    paths = ServicePaths(settings.data_dir)
    if not paths.run.exists():
        return ()
    with locked(paths.run) as state:
        for part in state.parts.values():
            part.pinned = False
        save_state(paths.run, state)  # now: the watchdog must not restart what ends next
        stop_parts(state, tuple(state.parts) if force else state.unused())
        return tuple(sorted({user.process.pid for user in state.users})) if state.parts else ()


def _renew_programs(paths: ServicePaths, settings: Settings, state: State) -> None:
    """Start again the programs of ``up`` that Prefect's server does not let in any more.

    That is so once a command finds the server of an earlier version, which let everyone in, and
    replaces it.
    """
    if embedded(settings, SERVICES) != SERVICES or not all(map(state.alive, SERVICES)):
        return
    found = endpoints(paths, settings, state, SERVICES)
    stale = [one for one in PROGRAMS if state.alive(one.part) and is_stale(state, one.part, found)]
    start_programs(paths, state, stale, found, settings)


def _leave(paths: ServicePaths, user: User) -> None:
    with locked(paths.run) as state:
        state.users = [other for other in state.users if other.token != user.token]
        stop_parts(state, state.unused())


def restart_dead(
    settings: Settings, stuck: Callable[[State], Iterable[Process]] = lambda _: ()
) -> list[Service]:
    """Start again what ``up`` keeps and what has died since; return what that was.

    ``stuck`` tells which processes must be started again although they live.

    Raises ``ServiceError``, ``NoSpaceError`` or ``PermissionDeniedError``; what could be started
    stays.
    """
    paths = ServicePaths(settings.data_dir)
    hung = set(stuck(read_state(paths.run)))  # without the lock: it takes its time
    with locked(paths.run) as state:
        for part, running_part in state.parts.items():
            if running_part.process in hung:
                end_part(part, running_part)
        dead = [
            part
            for part, running_part in state.parts.items()
            if running_part.pinned and not state.alive(part)
        ]
        if dead:
            start_parts(paths, state, [part for part in SERVICES if part in dead])
            found = endpoints(paths, settings, state, SERVICES)
            ours = [program for program in PROGRAMS if program.part in dead]
            start_programs(paths, state, ours, found, settings)
    return dead


def kill_frozen(settings: Settings, part: Service, process: Process) -> None:
    """End a part of ``up`` that is frozen, with its frozen children, for ``restart_dead``.

    Nothing happens when another process is the part by now.
    """
    paths = ServicePaths(settings.data_dir)
    with locked(paths.run) as state:
        running = state.alive(part)
        if running is None or running.process != process or not running.pinned:
            return
        frozen = [child for child in children_of(process) if is_stopped(child)]
        for one in (process, *frozen):
            kill(one)


def kill_frozen_watchdog(settings: Settings, process: Process) -> None:
    """End the watchdog that ``up`` keeps, if ``process`` is still that, for
    ``restart_dead``.

    This does without the lock: a watchdog that froze in ``restart_dead`` has it until its end.
    """
    if pinned_watchdog(settings) == process and is_stopped(process):
        kill(process)


def pinned_watchdog(settings: Settings) -> Process | None:
    """Return the watchdog that ``up`` keeps for this DATA_DIR, dead or alive; None without one.

    Reads the state without its lock: who starts one looks again under the lock.
    """
    watchdog = read_state(ServicePaths(settings.data_dir).run).parts.get(Service.WATCHDOG)
    return watchdog.process if watchdog is not None and watchdog.pinned else None
