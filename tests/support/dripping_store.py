"""An S3 server of one object, of which it sends a few bytes now and then."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.dripping import PAUSE


@contextmanager
def dripping_store(size: int, drop: bytes) -> Iterator[str]:
    """Serve an object of ``size`` bytes under any key, a ``drop`` every ``PAUSE`` seconds."""
    done = threading.Event()

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._begin(200, size)

        def do_GET(self) -> None:
            wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            first = int(wanted[1]) if wanted else 0
            last = min(int(wanted[2]) if wanted and wanted[2] else size, size - 1)
            self._begin(206 if wanted else 200, last - first + 1, f"bytes {first}-{last}/{size}")
            left = last - first + 1
            try:
                while left and not done.wait(PAUSE):
                    self.wfile.write(drop[:left])
                    left -= len(drop[:left])
            except OSError:  # the client had enough
                self.close_connection = True

        def _begin(self, status: int, length: int, part: str = "") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.send_header("ETag", '"0815"')
            if status == 206:
                self.send_header("Content-Range", part)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            done.set()
            server.shutdown()
            thread.join()
