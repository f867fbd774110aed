"""PostgreSQL LISTEN: notifications of a channel, received in a thread."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import psycopg
from psycopg.sql import SQL, Identifier

from reelworks.store.db.deadlines import BoundedConnection
from reelworks.store.db.error_mapping import libpq_url

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How soon a listener that is stopped ends."""
PING_EVERY = 30.0
"""Seconds of silence after which a listener asks whether its connection still works: a host that
vanished, or a frozen server, would look like a quiet one forever."""
AGAIN_SECONDS = 2.0
"""Pause before a lost connection is opened again."""


class Listener(threading.Thread):
    """Calls ``hear`` with each payload of a channel, in a thread of its own, until stopped.

    After every connection, the first and any later one, ``hear`` is called with "": notifications
    sent meanwhile are lost, so read the tables.
    """

    def __init__(
        self,
        database_url: str,
        channel: str,
        hear: Callable[[str], object],
        *,
        name: str = "reelworks listener",
    ) -> None:
        """``name`` is what PostgreSQL calls the session."""
        super().__init__(name=f"listen {channel}", daemon=True)
        self._url = libpq_url(database_url)
        self._channel = channel
        self._hear = hear
        self._name_there = name
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stopped.set()
        self.join()

    def run(self) -> None:
        """Listen, and connect again when the connection is lost."""
        while not self._stopped.is_set():
            try:
                self._listen()
            except psycopg.Error as error:
                log.warning("Lost the connection to PostgreSQL: %s", str(error).partition("\n")[0])
                self._stopped.wait(AGAIN_SECONDS)

    def _listen(self) -> None:
        with BoundedConnection.connect(
            self._url,
            autocommit=True,
            connect_timeout=5,
            application_name=self._name_there,
            keepalives_idle=30,
        ) as connection:
            connection.execute(SQL("LISTEN {}").format(Identifier(self._channel)))
            self._hear("")
            heard = time.monotonic()
            while not self._stopped.is_set():
                for notice in connection.notifies(timeout=LOOK_SECONDS):
                    heard = time.monotonic()
                    self._hear(notice.payload)
                    if self._stopped.is_set():
                        return
                if time.monotonic() - heard > PING_EVERY:
                    self._ask(connection)
                    heard = time.monotonic()

    def _ask(self, connection: BoundedConnection) -> None:
        """Make sure that silence means that nothing happens, and not that the server is gone."""
        if not connection.answers():
            raise psycopg.OperationalError("it does not answer any more")
        self._hear("")  # what came along with the answer may be lost
