"""Sources that are not files here: web addresses and S3 keys, with all that can go wrong."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from reelworks.domain.jobs.report import StageState
from reelworks.settings import Settings
from reelworks.store.objects.artifacts import ArtifactStore
from tests.support.flows.library import counts, video

pytestmark = pytest.mark.slow


@dataclass
class Web:
    """A small web server: what a path answers, request by request; the last answer stays."""

    content: bytes
    answers: dict[str, list[int]] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    address: str = ""

    busy: dict[str, str] = field(default_factory=dict)
    """``Retry-After`` of a path's answers that are no success."""
    times: dict[str, list[float]] = field(default_factory=dict)
    """``time.monotonic`` of each request."""

    def next_status(self, path: str) -> int:
        self.requests[path] += 1
        self.times.setdefault(path, []).append(time.monotonic())
        statuses = self.answers.get(path, [200])
        return statuses.pop(0) if len(statuses) > 1 else statuses[0]


CUT_OFF = 206
"""Says 200 and the whole length, sends half and hangs up."""


@pytest.fixture
def web(media: Path) -> Iterator[Web]:
    site = Web((media / "odd" / "single_frame.mp4").read_bytes())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            status = site.next_status(path)
            body = site.content if status in (200, CUT_OFF) else b""
            self.send_response(200 if status == CUT_OFF else status)
            if status >= 400 and path in site.busy:
                self.send_header("Retry-After", site.busy[path])
            if status == 302:
                self.send_header("Location", "/clip.mp4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if status == CUT_OFF else body)

        def log_message(self, *parts: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


async def test_a_web_address_is_fetched_and_named_by_its_file(index_shared, shared, web):
    run = await index_shared(f"{web.address}/clip.mp4?signature=secret")

    assert run.error is None
    assert run.video_id is not None
    assert run.video_id.startswith("clip-")
    found = video(shared, run.video_id)
    assert found.summary.status == "ready"
    assert found.upload_path == f"uploads/{run.video_id}_clip.mp4"
    assert ArtifactStore.open(shared).get_bytes(found.upload_path) == web.content
    log = (shared.data_dir / "worker" / "log.log").read_text()
    assert "signature=secret" not in log


async def test_a_redirect_is_followed(index_shared, shared, web):
    web.answers["/moved.mp4"] = [302]

    run = await index_shared(f"{web.address}/moved.mp4", "moved")

    assert run.error is None
    assert web.requests == {"/moved.mp4": 1, "/clip.mp4": 1}


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "source_not_found"), (410, "source_not_found"), (403, "source_unreadable")],
)
async def test_a_refusal_is_final(index_shared, shared, web, status, code):
    web.answers["/gone.mp4"] = [status]
    before = counts(shared)

    run = await index_shared(f"{web.address}/gone.mp4?key=secret", "gone")

    assert run.error is not None
    assert run.error.code == code
    assert f"{web.address}/gone.mp4" in str(run.error)
    assert str(status) in str(run.error)
    assert "secret" not in str(run.error)
    assert web.requests["/gone.mp4"] == 1
    assert counts(shared) == before


@pytest.mark.parametrize("trouble", [503, CUT_OFF])
async def test_trouble_that_passes_is_waited_for(index_shared, shared, web, trouble):
    # Bytes of this test's own, so that no earlier answer is cached. MP4 readers skip a free box.
    web.content += _free_box(trouble)
    web.answers["/later.mp4"] = [trouble, 200]

    run = await index_shared(f"{web.address}/later.mp4", f"later-{trouble}")

    assert run.error is None
    assert run.states["ingest"] is StageState.RETRIED
    assert web.requests["/later.mp4"] == 2


@pytest.mark.parametrize("status", [pytest.param(429, marks=pytest.mark.slow), 503])
async def test_retry_after_of_a_source_s_server_is_respected(index_shared, shared, web, status):
    web.content += _free_box(status + 1000)
    web.answers["/busy.mp4"] = [status, 200]
    web.busy["/busy.mp4"] = "3"

    run = await index_shared(f"{web.address}/busy.mp4", f"busy-{status}")

    assert run.error is None
    assert run.states["ingest"] is StageState.RETRIED
    first, second = web.times["/busy.mp4"]
    assert second - first >= 3.0


def _free_box(mark: int) -> bytes:
    return (12).to_bytes(4, "big") + b"free" + mark.to_bytes(4, "big")


async def test_a_download_that_stays_cut_off_is_never_indexed_as_a_whole(
    index_shared, shared, web, monkeypatch
):
    monkeypatch.setenv("WORKER_MAX_ATTEMPTS", "2")
    web.answers["/half.mp4"] = [CUT_OFF]
    before = counts(shared)

    run = await index_shared(f"{web.address}/half.mp4", "half")

    assert run.error is not None
    assert run.error.code == "source_unavailable"
    assert run.error.retryable
    assert web.requests["/half.mp4"] == 2
    assert counts(shared) == before


async def test_an_address_without_a_server_is_named(index_shared, shared, monkeypatch):
    monkeypatch.setenv("WORKER_MAX_ATTEMPTS", "1")

    run = await index_shared("http://127.0.0.1:9/clip.mp4", "nowhere")

    assert run.error is not None
    assert run.error.code == "source_unavailable"
    assert "http://127.0.0.1:9/clip.mp4" in str(run.error)


async def test_an_s3_key_is_indexed(index_shared, shared, media):
    store = ArtifactStore.open(shared)
    store.ensure_bucket()
    free_box = b"\0\0\0\x0cfreekey "  # content that the library does not have yet
    content = (media / "odd" / "single_frame.mp4").read_bytes() + free_box
    store.put_bytes("incoming/a talk.mp4", content, "video/mp4")

    run = await index_shared(f"s3://{shared.s3.bucket}/incoming/a talk.mp4")

    assert run.error is None
    assert run.video_id is not None
    assert run.video_id.startswith("a-talk-")
    assert video(shared, run.video_id).summary.status == "ready"


@pytest.mark.parametrize(
    ("key", "code"),
    [("incoming/gone.mp4", "source_not_found"), ("", "bad_input")],
)
async def test_a_missing_s3_key_is_said_at_once(index_shared, shared, key, code):
    source = f"s3://{shared.s3.bucket}/{key}"

    run = await index_shared(source, "s3")

    assert run.error is not None
    assert run.error.code == code
    assert source in str(run.error)
    assert run.tries("ingest") == 1


async def test_a_missing_bucket_is_said_at_once(index_shared, shared: Settings):
    run = await index_shared("s3://no-such-bucket-here/clip.mp4", "s3")

    assert run.error is not None
    assert str(run.error) == "s3://no-such-bucket-here/clip.mp4 does not exist."
    assert run.tries("ingest") == 1


async def test_other_schemes_are_refused(index_shared, shared):
    run = await index_shared("ftp://127.0.0.1/clip.mp4", "ftp")

    assert run.error is not None
    assert run.error.code == "bad_input"
    assert "ftp://127.0.0.1/clip.mp4" in str(run.error)


@pytest.mark.parametrize("kind", ["web", "store"])
async def test_a_damaged_source_is_named_as_its_user_knows_it(index_shared, shared, web, kind):
    damaged = b"\0\0\0\x20ftypisom" + bytes(500)
    web.content = damaged
    store = ArtifactStore.open(shared)
    store.put_bytes("incoming/damaged.mp4", damaged, "video/mp4")
    sources = {
        "web": f"{web.address}/damaged.mp4?sig=secret",
        "store": f"s3://{shared.s3.bucket}/incoming/damaged.mp4",
    }

    run = await index_shared(sources[kind], f"damaged-{kind}")

    assert str(run.error).startswith("damaged.mp4 is not a readable video or audio file")
    summary = video(shared, f"damaged-{kind}").summary
    assert summary.error == str(run.error)
    assert str(shared.data_dir) not in str(run.recorder.reports)
