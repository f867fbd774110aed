"""The password and the signature of a source reach the source's server, and no part of Prefect."""

from __future__ import annotations

import json
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import httpx
import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from tests.support.whole_house import WholeHouse

pytestmark = pytest.mark.slow

PASSWORD = "pass/word-7c1f"
SIGNATURE = "5ad3b0signature"
SECRETS = (
    *(PASSWORD, quote(PASSWORD, safe=""), SIGNATURE),
    b64encode(f"me:{PASSWORD}".encode()).decode(),
)


@dataclass
class Guarded:
    """A web server that gives its one file to who has the password and the signature."""

    content: bytes
    port: int = 0
    fetched: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def address(self, name: str, *, password: str = PASSWORD) -> str:
        host = f"me:{quote(password, safe='')}@127.0.0.1:{self.port}"
        return f"http://{host}/{name}?X-Amz-Signature={SIGNATURE}"


@contextmanager
def guarded(content: bytes) -> Iterator[Guarded]:
    site = Guarded(content)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            key = "Basic " + b64encode(f"me:{PASSWORD}".encode()).decode()
            may = self.headers.get("Authorization") == key and SIGNATURE in query
            (site.fetched if may else site.refused).append(path)
            body = content if may else b""
            self.send_response(200 if may else 403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.port = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield site
        server.shutdown()


def everything_in(url: str) -> Iterator[tuple[str, str]]:
    """Every row of every table of a database, as text, with the table's name."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        ).fetchall()
        for (table,) in tables:
            rows = SQL("SELECT t::text FROM {} t").format(Identifier(table))
            for (row,) in connection.execute(rows):
                yield table, row


def test_prefect_stores_no_secret_of_a_source(house_up: WholeHouse, media: Path) -> None:
    content = (media / "odd" / "single_frame.mp4").read_bytes()
    api = house_up.addresses["api"]
    with guarded(content) as site, httpx.Client(base_url=api, timeout=30) as client:
        good = client.post("/videos", json={"url": site.address("api.mp4")})
        bad = client.post("/videos", json={"url": site.address("refused.mp4", password="no")})
        sent = [good.json()["job"]["id"], bad.json()["job"]["id"]]
        local = house_up.call("index", site.address("here.mp4"), "--id", "here")
        lost = house_up.call("index", site.address("lost.mp4", password=f"{PASSWORD}2"))
        handed = house_up.json("index", "--detach", site.address("handed.mp4"), "--id", "handed")
        sent.append(handed[0]["job_id"])
        ends = _ends(client, sent)

    assert local.returncode == 0, local.stdout + local.stderr
    assert lost.returncode == 3, lost.stdout + lost.stderr
    assert ends == ["done", "failed", "done"]
    assert set(site.fetched) == {"/api.mp4", "/here.mp4", "/handed.mp4"}
    assert set(site.refused) == {"/refused.mp4", "/lost.mp4"}

    database = house_up.urls["DATABASE_URL"]
    rows = list(everything_in(f"{database.rpartition('/')[0]}/prefect"))
    tables = {table for table, _ in rows}
    assert {"flow_run", "flow_run_state", "task_run", "task_run_state", "log", "events"} <= tables
    assert any("here.mp4" in row for table, row in rows if table == "flow_run")
    assert any("refused.mp4" in row for table, row in rows if table == "flow_run_state")
    assert [row for row in rows if any(secret in row[1] for secret in SECRETS)] == []

    ours = {table for table, row in everything_in(database) if any(s in row for s in SECRETS)}
    assert ours == {"jobs"}, "the run of a job reads its source there"
    shown = local.stdout + local.stderr + lost.stdout + lost.stderr + json.dumps(handed)
    shown += httpx.get(f"{api}/jobs").text
    for file in (*house_up.folder.glob("logs/*.log"), house_up.folder / "worker" / "log.log"):
        shown += file.read_text(errors="replace")
    assert not any(secret in shown for secret in SECRETS)


def _ends(client: httpx.Client, jobs: list[str]) -> list[str]:
    """Wait until the jobs are over and return how they ended."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        ends = [client.get(f"/jobs/{job}").json()["status"] for job in jobs]
        if not {"queued", "running"} & set(ends):
            return ends
        time.sleep(1)
    pytest.fail(f"timed out: {ends}")
