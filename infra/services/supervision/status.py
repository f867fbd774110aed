"""Status of every service: the table behind `reelworks status`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import urlsplit

import psutil

from infra.services.process import is_alive
from infra.services.supervision.heartbeats import last_beat
from infra.services.supervision.parts import ServicePaths, is_external
from infra.services.supervision.probes import WITH_HEARTBEAT, part_answers
from infra.services.supervision.state import Running, Service, State, read_state
from reelworks.settings import Settings

SILENT_SECONDS = 45.0
"""A heartbeat older than this is none."""


class Condition(StrEnum):
    """How a part is."""

    RUNNING = "running"
    STOPPED = "stopped"
    EXTERNAL = "external"
    """The settings point at an external service."""
    BROKEN = "broken"
    """It should run, but its process has ended or does not answer."""


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One line of the table."""

    part: Service
    condition: Condition
    address: str | None = None
    """Without any password."""
    pid: int | None = None
    memory: int | None = None
    """Bytes, with those of its child processes; shared pages count once."""
    since: datetime | None = None
    pinned: bool = False
    """Runs on after the command, as ``up`` leaves it."""
    note: str = ""
    """What is wrong and where its log is."""


def status(settings: Settings) -> list[PartStatus]:
    """Return how every part is, without changing or starting anything."""
    paths = ServicePaths(settings.data_dir)
    state = read_state(paths.run)
    return [_status(paths, settings, state, part) for part in Service]


def _status(paths: ServicePaths, settings: Settings, state: State, part: Service) -> PartStatus:
    if is_external(settings, part):
        external = {
            Service.POSTGRES: settings.database.url and settings.database.url.get_secret_value(),
            Service.STORE: settings.s3.endpoint_url or f"AWS {settings.s3.region}",
            Service.PREFECT: settings.prefect.api_url,
        }
        return PartStatus(part, Condition.EXTERNAL, _without_secrets(external[part] or ""))
    running = state.parts.get(part)
    if running is None:
        return PartStatus(part, Condition.STOPPED)
    address = _address(part, running)
    since = datetime.fromtimestamp(running.since, UTC)
    if not is_alive(running.process):
        in_use = running.pinned or any(part in user.parts for user in state.users)
        if not in_use:
            return PartStatus(part, Condition.STOPPED)
        note = f"Its process {running.process.pid} has ended; see {paths.log(part)}."
        return PartStatus(part, Condition.BROKEN, address, since=since, note=note)
    answers = part_answers(part, running, patience=3.0)
    silent = _silence(paths, part, running)
    note = f"It runs but does not answer; see {paths.log(part)}." if not answers else silent
    return PartStatus(
        part,
        Condition.BROKEN if note else Condition.RUNNING,
        address,
        running.process.pid,
        _memory(running.process.pid),
        since,
        running.pinned,
        note,
    )


def _silence(paths: ServicePaths, part: Service, running: Running) -> str:
    """Say when a part that writes heartbeats is silent: stuck, although its process runs."""
    if part not in WITH_HEARTBEAT:
        return ""
    beat = last_beat(paths.data_dir, part.value)
    began = max(running.since, (beat or 0) / 1e9)
    seconds = time.time() - began
    if seconds < SILENT_SECONDS:
        return ""
    return f"It runs but was silent for {seconds:.0f} s; see {paths.log(part)}."


def _address(part: Service, running: Running) -> str | None:
    if not running.ports:
        return None
    host = f"127.0.0.1:{running.ports[0]}"
    return host if part is Service.POSTGRES else f"http://{host}"


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    if not parts.hostname:
        return url
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


def _memory(pid: int) -> int | None:
    try:
        process = psutil.Process(pid)
        family = (process, *process.children(recursive=True))
    except psutil.NoSuchProcess:
        return None
    return sum(_pages(one) for one in family)


def _pages(process: psutil.Process) -> int:
    """Return a process's share of memory, or all that it touches where the share is secret."""
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.uss))
    except psutil.AccessDenied:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:  # a server's child that came and went
        return 0
