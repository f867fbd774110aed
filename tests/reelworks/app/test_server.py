"""The server's socket and what it may be open to."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from reelworks.app.api.http.middleware import HEAD_BYTES
from reelworks.app.application import open_api
from reelworks.app.server import bind, check_open_to, config_of
from reelworks.domain.library.access import Scope
from reelworks.errors import ServiceError, SettingsError
from reelworks.settings import Settings
from reelworks.store.access.tokens import create_token


def test_port_0_takes_a_free_one():
    with bind("127.0.0.1", 0) as listening:
        host, port = listening.getsockname()
        assert (host, port > 0) == ("127.0.0.1", True)
        with socket.create_connection((host, port), 5):
            pass


def test_a_taken_port_names_the_settings_to_change():
    with bind("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(ServiceError, match=f"127.0.0.1:{port} .*; set API_HOST or API_PORT"):
            bind("127.0.0.1", port)


def test_a_host_that_is_not_of_this_machine_is_an_error():
    with pytest.raises(ServiceError, match="cannot listen at 192.0.2.1:0"):
        bind("192.0.2.1", 0)


def test_beyond_loopback_it_needs_a_token(own_settings: Settings, engine: Engine):
    local = open_api(own_settings)
    reachable = replace(local, loopback=False)
    try:
        check_open_to(local)
        with pytest.raises(SettingsError, match="reelworks token create"):
            check_open_to(reachable)

        create_token(engine, "first", [Scope.ADMIN])

        check_open_to(reachable)
    finally:
        local.engine.dispose()


def test_uvicorn_trusts_no_proxy_and_logs_no_request(own_settings: Settings):
    config = config_of(open_api(own_settings.with_values(log_level="WARNING")))

    assert not config.proxy_headers
    assert not config.access_log
    assert config.log_level == "warning"
    assert config.h11_max_incomplete_event_size == HEAD_BYTES
