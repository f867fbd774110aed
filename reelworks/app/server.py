"""The server: the application on a socket until it is stopped."""

from __future__ import annotations

import signal
import socket
from types import FrameType

import uvicorn

from infra.services.supervision.watchdog_check import start_watchdog_check
from infra.startup import SIGNALS, exit_at_once
from reelworks.app.api.http.middleware import HEAD_BYTES
from reelworks.app.api.http.request_context import Api
from reelworks.app.api.http.uvicorn_protocol import HeaderTimeoutProtocol
from reelworks.app.application import create_app, open_api
from reelworks.errors import ServiceError, SettingsError
from reelworks.settings import Settings
from reelworks.store.access.tokens import any_token
from reelworks.store.db.database import ensure_schema

_GRACE = 5
"""Seconds that open responses, such as event streams, may take to end."""
_BACKLOG = 512


def serve(settings: Settings) -> None:
    """Serve the API at ``API_HOST`` and ``API_PORT`` until SIGTERM or Ctrl-C.

    Raises ``SettingsError`` when other machines could reach it and there is no token,
    ``ServiceError`` when the address is taken, and database errors.
    """
    api = open_api(settings)
    start_watchdog_check(settings)
    ensure_schema(api.engine)
    api.store.ensure_bucket()
    check_open_to(api)
    listening = bind(settings.api.host, settings.api.port)
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    print(f"The API listens at http://{shown}:{port}", flush=True)
    server = _Server(api)
    for number in SIGNALS:
        signal.signal(number, server.exit_early)
    server.run(sockets=[listening])


class _Server(uvicorn.Server):
    """uvicorn's server; it ends the event streams before it waits for open responses."""

    def __init__(self, api: Api) -> None:
        super().__init__(config_of(api))
        self._api = api

    def exit_early(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal that uvicorn does not: one before it listens, or one it raises again."""
        if not self.should_exit:
            exit_at_once(number, frame)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End the event streams and begin the shutdown."""
        self._api.changes.end_streams()
        super().handle_exit(sig, frame)


def check_open_to(api: Api) -> None:
    """Refuse to listen beyond loopback while there is no token. Raises ``SettingsError``."""
    if not api.loopback and not any_token(api.engine):
        raise SettingsError(
            f"API_HOST {api.settings.api.host} is reachable from other machines, but there is "
            "no token: make one with `reelworks token create NAME --scope admin`."
        )


def config_of(api: Api) -> uvicorn.Config:
    """Return uvicorn's configuration for the application."""
    return uvicorn.Config(
        create_app(api),
        http=HeaderTimeoutProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level=api.settings.log_level.lower(),
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=HEAD_BYTES,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=_GRACE,
    )


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Raises ``ServiceError``."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # Without the protocol's number asyncio leaves Nagle's algorithm on: 40 ms an answer.
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(_BACKLOG)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise ServiceError(
            f"The API cannot listen at {host}:{port} ({error.strerror}); set API_HOST or API_PORT."
        ) from None
    return listening
