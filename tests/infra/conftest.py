"""Folders for services under test."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from infra.services.postgres.cluster import PostgresPaths
from infra.services.postgres.server import start_postgres, stop_postgres


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder of this test's own, outside pytest's.

    Each pytest that starts resets the mode of the folder that all of them share, and would so lock
    out the account that PostgreSQL runs under when root tests.
    """
    with tempfile.TemporaryDirectory(prefix="rw-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def made_cluster() -> Iterator[Path]:
    """PostgreSQL's folder as a first start and a stop leave it."""
    with tempfile.TemporaryDirectory(prefix="rw-") as folder:
        paths = PostgresPaths(Path(folder) / "postgres", Path(folder) / "postgres.log")
        process, _ = start_postgres(paths)
        stop_postgres(process)
        yield paths.home


@pytest.fixture
def copy_cluster(made_cluster: Path) -> Callable[[Path], None]:
    """Copy that folder with its owners: much quicker than making one."""

    def copy(to: Path) -> None:
        to.parent.mkdir(mode=0o700, exist_ok=True)
        subprocess.run(["cp", "-a", str(made_cluster), str(to)], check=True)

    return copy


Reply = Callable[[str, Mapping[str, str]], tuple[int, bytes]]
"""Status and body for a path and the headers of its request."""


@contextmanager
def answering(reply: Reply) -> Iterator[int]:
    """An HTTP server on the loopback address; yields its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = reply(self.path, self.headers)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name that the base class looks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
