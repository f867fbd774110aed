"""A server that sends what it has byte by byte, and never lets a client's silence last."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Self

PAUSE = 0.05
"""Seconds between two bytes: 20 bytes a second."""


class Dripping:
    """Listens on a free port of this machine from ``with`` to its end.

    ``at_once`` is sent whole, to each request; ``drop`` is what follows, again and again.
    """

    def __init__(self, at_once: bytes = b"", drop: bytes = b"x") -> None:
        self._at_once = at_once
        self._drop = drop
        self._done = threading.Event()
        self._threads: list[threading.Thread] = []
        self.requests = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._run(self._listen)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
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
                line, _ = self._socket.accept()
            except OSError:  # closed
                return
            self._run(self._serve, line)

    def _serve(self, line: socket.socket) -> None:
        with line:
            try:
                line.settimeout(5)
                line.recv(65536)
                self.requests += 1
                line.sendall(self._at_once)
                while not self._done.wait(PAUSE):
                    line.sendall(self._drop)
            except OSError:  # the client had enough
                return
