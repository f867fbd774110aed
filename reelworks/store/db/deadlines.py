"""Deadlines of database connections: a frozen server must not freeze its clients.

A stopped server still holds its connections, and its kernel still confirms what it is sent, so
neither PostgreSQL's own timeouts nor TCP's notice it. The client must count the seconds itself.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

PING_SECONDS = 2.0
"""How long a pooled connection may take to show that its server still answers."""
_CANCEL_SECONDS = 1.0


class BoundedConnection(psycopg.Connection[Any]):
    """A connection on which every wait for the server ends after ``seconds``.

    What took too long is cancelled at the server, if that still listens, and the connection is
    closed: what it would answer next is unknown. ``psycopg.OperationalError`` is raised then.
    """

    seconds: float = 60.0

    def wait(self, gen: Any, *arguments: Any, **keywords: Any) -> Any:
        """Wait for an answer, but no longer than ``seconds``."""
        keywords.setdefault("timeout", self.seconds)
        try:
            return super().wait(gen, *arguments, **keywords)
        except psycopg.OperationalError as error:
            if error.sqlstate is None and self._is_active():
                self._abandon()
                raise psycopg.OperationalError(
                    f"no answer within {keywords['timeout']:g} s"
                ) from error
            raise

    def answers(self, seconds: float = PING_SECONDS) -> bool:
        """Tell whether the server answers a trivial question in time."""
        usual, self.seconds = self.seconds, seconds
        was_manual = not self.autocommit
        try:
            self.autocommit = True
            self.execute("SELECT 1")
            self.autocommit = not was_manual
        except psycopg.Error:
            return False
        finally:
            self.seconds = usual
        return True

    def _is_active(self) -> bool:
        return not self.closed and self.pgconn.transaction_status == TransactionStatus.ACTIVE

    def _abandon(self) -> None:
        with suppress(psycopg.Error):  # it is silent: it may not even take the cancellation
            self.cancel_safe(timeout=_CANCEL_SECONDS)
        self.pgconn.finish()


def bound(engine: Engine, seconds: float) -> None:
    """Let no statement of an engine take longer than ``seconds``, and try connections first."""

    @event.listens_for(engine, "do_connect")
    def connect(_: Any, __: Any, arguments: Any, keywords: Any) -> BoundedConnection:
        made = BoundedConnection.connect(*arguments, **keywords)
        made.seconds = seconds
        return made

    @event.listens_for(engine, "checkout")
    def try_first(connection: Any, record: Any, proxy: Any) -> None:
        del record, proxy
        if not connection.answers():
            raise InvalidatePoolError
