"""Start and stop of each service under one DATA_DIR."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from infra.services.endpoints import Endpoints
from infra.services.files import free_ports, make_folder, rotate_log
from infra.services.postgres import server as postgres
from infra.services.postgres.cluster import PostgresPaths
from infra.services.prefect import server as prefect
from infra.services.process import Process, children_of, stop, stop_all
from infra.services.s3 import seaweed
from infra.services.supervision.probes import part_answers
from infra.services.supervision.state import Running, Service, State
from reelworks.errors import ReelworksError
from reelworks.settings import Settings

RUNNER_SECONDS = 40.0
"""How long runs may take to requeue their jobs before what is left of them is killed."""
STOP_ORDER = (
    (Service.WATCHDOG,),
    (Service.API, Service.DISPATCHER),
    (Service.RUNNER,),
    (Service.PREFECT,),
    (Service.POSTGRES, Service.STORE),
)
Started = tuple[Process, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class ServicePaths:
    """The folders of the embedded services under one DATA_DIR."""

    data_dir: Path

    @property
    def run(self) -> Path:
        """The folder of the lock and the state file."""
        return self.data_dir / "run"

    def log(self, part: Service) -> Path:
        """Return the file that a part's output goes to."""
        return self.data_dir / "logs" / f"{part.value}.log"

    @property
    def postgres(self) -> PostgresPaths:
        """PostgreSQL's files."""
        return PostgresPaths(self.data_dir / "postgres", self.log(Service.POSTGRES))

    @property
    def store(self) -> seaweed.StorePaths:
        """The S3 server's files."""
        return seaweed.StorePaths(self.data_dir / "store", self.log(Service.STORE))

    @property
    def prefect(self) -> prefect.PrefectPaths:
        """The Prefect server's files."""
        return prefect.PrefectPaths(self.data_dir / "prefect", self.log(Service.PREFECT))


def is_external(settings: Settings, part: Service) -> bool:
    """Tell whether the settings point at an external service for this part."""
    if part is Service.POSTGRES:
        return settings.database.url is not None
    if part is Service.STORE:
        return settings.s3.endpoint_url is not None or settings.s3.access_key_id is not None
    return part is Service.PREFECT and settings.prefect.api_url is not None


def runs_programs(settings: Settings) -> bool:
    """Tell whether our own programs run on this machine: only with an embedded job queue.

    Where PostgreSQL or Prefect is external, a fleet works on the queue: a runner and a
    dispatcher started beside it by a command would take its jobs to this machine.
    """
    return not (is_external(settings, Service.POSTGRES) or is_external(settings, Service.PREFECT))


def embedded(settings: Settings, parts: Iterable[Service]) -> tuple[Service, ...]:
    """Return which of ``parts`` must run embedded; Prefect does so on an embedded PostgreSQL."""
    needed = {part for part in parts if not is_external(settings, part)}
    if Service.PREFECT in needed:
        needed.add(Service.POSTGRES)
    return tuple(part for part in Service if part in needed)


def start_parts(paths: ServicePaths, state: State, parts: Iterable[Service]) -> None:
    """Start those of ``parts`` that do not run and answer, side by side, and note them.

    Raises the first ``ServiceError``; what did start stays noted, for the caller to stop.
    """
    make_folder(paths.data_dir, is_users=True)
    make_folder(paths.data_dir / "logs")
    for part in Service:
        rotate_log(paths.log(part))
    missing = [part for part in parts if not is_usable(paths, state, part)]
    stop_parts(state, [part for part in missing if state.alive(part)], forget=False)
    if not missing:
        return
    jobs: dict[Service, Future[Started]] = {}
    try:
        with ThreadPoolExecutor(max_workers=3) as pool:
            jobs = _submit(pool, paths, state, missing)
            wait(jobs.values())
    finally:  # also when the user stops the wait: the pool ends only when every start has
        for part, job in jobs.items():
            if job.exception() is None:
                state.note(part, *job.result())
    errors = [error for error in (job.exception() for job in jobs.values()) if error]
    if errors:
        raise errors[0]


def stop_parts(state: State, parts: Iterable[Service], *, forget: bool = True) -> None:
    """Stop parts, users before what they use, and forget them.

    The dispatcher ends before the runner, whose runs requeue their jobs: none is then claimed.
    Parts that are about to be started again are not forgotten: their pin is noted there.
    """
    chosen = [part for part in Service if part in set(parts) and part in state.parts]
    for together in STOP_ORDER:
        ending = [part for part in chosen if part in together]
        if ending:
            with ThreadPoolExecutor(len(ending)) as pool:
                list(pool.map(lambda part: end_part(part, state.parts[part]), ending))
    if forget:
        for part in chosen:
            del state.parts[part]


def endpoints(
    paths: ServicePaths, settings: Settings, state: State, parts: Iterable[Service]
) -> Endpoints:
    """Return where ``parts`` are: ours by the state, others by the settings."""
    found = Endpoints(
        database_url=settings.database.url,
        s3_endpoint_url=settings.s3.endpoint_url,
        s3_access_key_id=settings.s3.access_key_id,
        s3_secret_access_key=settings.s3.secret_access_key,
        prefect_api_url=settings.prefect.api_url,
    )
    ours: dict[str, Any] = {}
    for part in embedded(settings, parts):
        ports = state.parts[part].ports
        if part is Service.POSTGRES and settings.database.url is None:
            ours["database_url"] = SecretStr(paths.postgres.url(ports[0]))
        elif part is Service.STORE:
            ours["s3_endpoint_url"] = f"http://127.0.0.1:{ports[0]}"
            ours["s3_access_key_id"] = paths.store.key_id
            ours["s3_secret_access_key"] = SecretStr(paths.store.secret)
        elif part is Service.PREFECT:
            ours["prefect_api_url"] = prefect.api_url(ports[0])
            ours["prefect_auth_string"] = SecretStr(paths.prefect.auth_string)
            ours["prefect_home"] = paths.prefect.home
    return replace(found, **ours)


def is_usable(paths: ServicePaths, state: State, part: Service) -> bool:
    """Tell whether a part runs and answers, giving a busy one some seconds.

    A server that lets others in than it shall is of no use: one of an earlier version, which this
    one replaces.
    """
    running = state.alive(part)
    if running is None or not part_answers(part, running, patience=10.0):
        return False
    if part is Service.STORE:
        return seaweed.requires_certificate(running.process)
    if part is Service.PREFECT:
        return prefect.requires_auth(running.ports[0], paths.prefect.auth_string, timeout=10.0)
    return True


def _submit(
    pool: ThreadPoolExecutor, paths: ServicePaths, state: State, missing: list[Service]
) -> dict[Service, Future[Started]]:
    """Start the missing parts in threads. Prefect is loading while PostgreSQL comes up."""
    jobs: dict[Service, Future[Started]] = {}
    if Service.STORE in missing:
        ports = state.ports.get(Service.STORE, ())
        jobs[Service.STORE] = pool.submit(seaweed.start_store, paths.store, ports)
    if Service.POSTGRES in missing:
        make_folder(paths.postgres.home)
        (planned,) = free_ports(1, state.ports.get(Service.POSTGRES, ()))
        url = paths.postgres.url(planned, "prefect")  # makes the password before two threads ask
        jobs[Service.POSTGRES] = pool.submit(_start_postgres, paths, planned)
    if Service.PREFECT in missing:
        before = state.ports.get(Service.PREFECT, ())
        if Service.POSTGRES not in missing:
            url = paths.postgres.url(state.parts[Service.POSTGRES].ports[0], "prefect")
        below = jobs.get(Service.POSTGRES)
        jobs[Service.PREFECT] = pool.submit(_start_prefect, paths, before, url, below)
    return jobs


def _start_postgres(paths: ServicePaths, port: int) -> Started:
    process, chosen = postgres.start_postgres(paths.postgres, port)
    return process, (chosen,)


def _start_prefect(
    paths: ServicePaths, before: tuple[int, ...], url: str, below: Future[Started] | None
) -> Started:
    """Start Prefect on the database at ``url``, which ``below`` is about to start."""
    (port,) = free_ports(1, before)
    process = prefect.launch_prefect(paths.prefect, port, url)
    if below is not None:
        try:
            _, (actual,) = below.result()
        except ReelworksError:
            stop(process)
            raise
        if (
            planned := paths.postgres.url(actual, "prefect")
        ) != url:  # another program took the port
            stop(process)
            process = prefect.launch_prefect(paths.prefect, port, planned)
    prefect.await_prefect(paths.prefect, process, port)
    return process, (port,)


def end_part(part: Service, running: Running) -> None:
    """Stop a part's process."""
    if part is Service.POSTGRES:
        postgres.stop_postgres(running.process)
    elif part is Service.STORE:
        seaweed.stop_store(running.process, running.ports)
    elif part is Service.RUNNER:
        runs = children_of(running.process)
        stop(running.process, patience=RUNNER_SECONDS)
        stop_all(runs)  # of a runner that was killed: no run may continue without its services
    else:
        stop(running.process)
