"""The real store behind a door that fails on demand, as networks and busy stores do."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Fault:
    """How one GET is answered: after some seconds, with an error, or cut after some bytes."""

    code: str = "InternalError"
    status: int = 500
    after: float = 0.0
    cut: int | None = None


@dataclass
class FaultyStore:
    """Passes requests on; the GETs of a key meet its faults one by one, and then none."""

    address: str = ""
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    """Method and key of each request, in order."""

    def reads(self, key: str) -> int:
        return self.requests.count(f"GET {key}")


@contextmanager
def faulty(real: str) -> Iterator[FaultyStore]:
    """Serve the store at ``real`` with faults."""
    store = FaultyStore()

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            key = urlsplit(self.path).path.split("/", 2)[-1]
            store.requests.append(f"{self.command} {key}")
            waiting = store.faults.get(key) if self.command == "GET" else None
            self._answer(waiting.pop(0) if waiting else None)
            self.close_connection = True

        do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815

        def _answer(self, fault: Fault | None) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            time.sleep(fault.after if fault else 0)
            if fault is not None and fault.cut is None:
                content = f"<Error><Code>{fault.code}</Code></Error>".encode()
                self._send(fault.status, [("Content-Length", str(len(content)))], content)
                return
            real_store = HTTPConnection(urlsplit(real).netloc)
            real_store.putrequest(
                self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in self.headers.items():
                real_store.putheader(name, value)
            real_store.endheaders(body or None)
            answer = real_store.getresponse()
            content = answer.read()
            self._send(answer.status, answer.getheaders(), content[: fault.cut if fault else None])
            real_store.close()

        def _send(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
            try:
                self.send_response(status)
                for name, value in headers:
                    if name.lower() not in ("connection", "transfer-encoding", "date", "server"):
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)
            except (BrokenPipeError, ConnectionResetError):  # the client did not wait
                return

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    store.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
