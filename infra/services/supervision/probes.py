"""Liveness probes: whether a process that runs is also at work, by a request that it alone answers.

That a port accepts proves nothing: the kernel accepts for a frozen process, too.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil

from infra.services.prefect import server as prefect
from infra.services.process import Process
from infra.services.supervision import heartbeats
from infra.services.supervision.state import Running, Service

SILENT = "silent"
"""The sign of life of a part that gives none."""
WITH_HEARTBEAT = {Service.DISPATCHER, Service.RUNNER}
"""Parts that write heartbeats, see ``infra.services.supervision.heartbeats``."""
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""PostgreSQL, frontend/backend protocol, SSLRequest: answered by one byte, before any login."""


def part_answers(part: Service, running: Running, patience: float) -> bool:
    """Tell whether a running part answers within ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while True:
        left = max(0.2, deadline - time.monotonic())
        if _answers(part, running, min(left, 3.0)):
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.1)


def _answers(part: Service, running: Running, seconds: float) -> bool:
    if not running.ports:
        return not is_stopped(running.process)
    port = running.ports[0]
    probes: dict[Service, Callable[[], bool]] = {
        Service.POSTGRES: lambda: _postgres_answers(port, seconds),
        Service.PREFECT: lambda: prefect.answers(port, seconds),
        Service.API: lambda: _http_answers(port, "/livez", seconds),
    }
    return probes.get(part, lambda: _http_answers(port, "/", seconds))()


def is_stopped(process: Process) -> bool:
    """Tell whether a process is frozen by a signal (SIGSTOP, or Ctrl-Z)."""
    try:
        return psutil.Process(process.pid).status() in (
            psutil.STATUS_STOPPED,
            psutil.STATUS_TRACING_STOP,
        )
    except psutil.NoSuchProcess:
        return False


def sign_of_life(data_dir: Path, part: Service, running: Running) -> object:
    """Return something that changes as long as a part is at work, and stays when it is not."""
    if part in WITH_HEARTBEAT and (beat := heartbeats.last_beat(data_dir, part.value)) is not None:
        return beat
    return time.monotonic_ns() if _answers(part, running, 3.0) else SILENT


def _postgres_answers(port: int, seconds: float) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=seconds) as line:
            line.sendall(_SSL_REQUEST)
            return line.recv(1) in (b"S", b"N", b"E")
    except OSError:
        return False


def _http_answers(port: int, path: str, seconds: float) -> bool:
    """Tell whether a server answers anything at all; the answer itself does not matter."""
    connection = HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path)
        connection.getresponse()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True
