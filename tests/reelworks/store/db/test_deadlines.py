"""A server that takes connections and then says nothing is out of order for a while, no fault."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from reelworks.errors import DatabaseUnavailableError
from reelworks.settings import Settings
from reelworks.store.db.database import create_database_engine, transaction

READY = b"Z\x00\x00\x00\x05I"
"""PostgreSQL's ReadyForQuery: the login is over, and what follows are questions."""


class SlowLine:
    """Between a client and the real server: while it is ``slow``, only logins are answered."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._threads: list[threading.Thread] = []
        self.slow = threading.Event()
        self.logins = 0

    def __enter__(self) -> SlowLine:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._run(self._listen)
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join()

    def _run(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:  # closed
                return
            server = socket.create_connection(self._to)
            self._run(self._pass_on, client, server, False)
            self._run(self._pass_on, server, client, True)

    def _pass_on(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        known = False
        with suppress(OSError):  # the other side has gone
            while piece := source.recv(65536):
                if not (answers and known and self.slow.is_set()):
                    target.sendall(piece)
                if answers and not known and piece.endswith(READY):
                    known = True
                    self.logins += 1
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)  # which ends the other way, too
        source.close()


@pytest.fixture
def line(own_settings: Settings, engine: Engine) -> Iterator[tuple[SlowLine, Settings]]:
    assert own_settings.database.url is not None
    url = make_url(own_settings.database.url.get_secret_value())
    with SlowLine(str(url.host), url.port or 5432) as between:
        through = url.set(host="127.0.0.1", port=between.port).update_query_dict(
            {"sslmode": "disable"}
        )
        address = SecretStr(through.render_as_string(hide_password=False))
        yield between, own_settings.with_values(database_url=address)


def ask(engine: Engine) -> object:
    with transaction(engine) as connection:
        return connection.scalar(text("SELECT 1"))


def test_two_slow_answers_in_a_row_are_an_outage_that_passes(
    line: tuple[SlowLine, Settings],
) -> None:
    between, settings = line
    engine = create_database_engine(settings, seconds=5.0)
    try:
        assert ask(engine) == 1
        before = between.logins
        between.slow.set()
        with pytest.raises(DatabaseUnavailableError, match="does not answer") as caught:
            ask(engine)
        assert between.logins > before, "it has tried new connections as well"
        assert caught.value.retryable
        assert caught.value.http_status == 503
        between.slow.clear()
        assert ask(engine) == 1
    finally:
        engine.dispose()
