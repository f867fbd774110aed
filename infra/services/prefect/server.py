"""Embedded Prefect server on the embedded PostgreSQL, with its UI, scheduler and automations."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from importlib.util import find_spec
from pathlib import Path

from infra.services.files import last_lines, make_folder, secret_in
from infra.services.prefect.auth import SERVER_AUTH_STRING, SERVER_DATABASE, basic
from infra.services.prefect.same_site import origins
from infra.services.process import Command, Process, is_alive, orphaned_processes, start, stop
from reelworks.errors import NoSpaceError, ServiceError

PATIENCE = 120.0
"""Seconds that a start may take; the first one makes Prefect's tables."""

_PROGRAM = "infra.services.prefect.program"


@dataclass(frozen=True, slots=True)
class PrefectPaths:
    """Files of the embedded Prefect server."""

    home: Path
    log: Path

    @property
    def password(self) -> Path:
        """The file with the auth string, the password of the UI."""
        return self.home / "password"

    @property
    def auth_string(self) -> str:
        """Auth string of the server (file mode 600), made on first use.

        Prefect's form is ``user:password``, so that plain HTTP clients can send it too.
        """
        return secret_in(self.password, prefix="reelworks:")


def api_url(port: int) -> str:
    """Return the address of the API; the UI is one level up."""
    return f"http://127.0.0.1:{port}/api"


def launch_prefect(paths: PrefectPaths, port: int, database_url: str) -> Process:
    """Start the server's process on a port and return at once.

    The database need not be up yet: the server waits for it.

    Raises ``ServiceError``, ``NoSpaceError`` or ``PermissionDeniedError``.
    """
    make_folder(paths.home)
    for orphan in orphaned_processes(_PROGRAM, paths.home):
        stop(orphan)
    return start(
        Command(
            arguments=[sys.executable, "-m", _PROGRAM, str(port)],
            log=paths.log,
            environment=_environment(paths, port, database_url),
            folder=paths.home,
        )
    )


def await_prefect(paths: PrefectPaths, process: Process, port: int) -> None:
    """Wait until a launched server answers.

    Raises ``ServiceError`` or ``NoSpaceError`` when it ends or stays silent; it is stopped then.
    """
    deadline = time.monotonic() + PATIENCE
    while is_alive(process) and time.monotonic() < deadline:
        if answers(port):
            return
        time.sleep(0.05)
    stop(process)
    reason = last_lines(paths.log, 1)
    if "No space left on device" in reason:
        raise NoSpaceError(
            f"The Prefect server cannot write to {paths.home}: the disk is full; make room and "
            "try again."
        )
    raise ServiceError(
        f"The Prefect server did not start: {reason or 'no answer'} (log: {paths.log})."
    )


def answers(port: int, timeout: float = 2.0) -> bool:
    """Tell whether a server on this port reports good health within ``timeout`` seconds."""
    return _status(port, "/api/health", timeout, {}) == HTTPStatus.OK


def requires_auth(port: int, auth_string: str, timeout: float = 2.0) -> bool:
    """Tell whether a server requires this auth string.

    False for one that an earlier version started, which lets everyone in, and after the auth
    string was changed. One that is too busy to say so within ``timeout`` seconds is believed.
    """
    path = "/api/admin/version"
    without = _status(port, path, timeout, {})
    given = _status(port, path, timeout, basic(auth_string))
    return without in (None, HTTPStatus.UNAUTHORIZED) and given in (None, HTTPStatus.OK)


def _status(port: int, path: str, timeout: float, headers: Mapping[str, str]) -> int | None:
    """Return what a GET is answered with, or None; no proxy is used for a loopback address."""
    connection = HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path, headers=dict(headers))
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def _environment(paths: PrefectPaths, port: int, database_url: str) -> dict[str, str | None]:
    """Return the server's settings. Those of a user's own Prefect must not leak in."""
    settings: dict[str, str | None] = {
        name: None for name in os.environ if name.startswith("PREFECT_")
    }
    settings |= {
        "PREFECT_HOME": str(paths.home),
        SERVER_DATABASE: database_url.replace("postgresql://", "postgresql+asyncpg://", 1),
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": str(port),
        SERVER_AUTH_STRING: paths.auth_string,
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": ",".join(origins(port)),
        "PREFECT_UI_API_URL": api_url(port),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "DO_NOT_TRACK": "1",
        "PYTHONPATH": os.pathsep.join(
            [str(Path(__file__).parents[3]), *filter(None, [os.environ.get("PYTHONPATH")])]
        ),
    }
    if not _may_unpack_ui():
        settings["PREFECT_UI_STATIC_DIRECTORY"] = str(paths.home / "ui")
    return settings


def _may_unpack_ui() -> bool:
    """Tell whether Prefect can unpack its UI where it does so by default, in its own package."""
    found = find_spec("prefect")
    if found is None or found.origin is None:
        raise ServiceError(
            "Prefect is not installed; install the package prefect or set PREFECT_API_URL."
        )
    return os.access(Path(found.origin).parent / "server", os.W_OK)
