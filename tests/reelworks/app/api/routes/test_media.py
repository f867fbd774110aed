"""Files of a video: ranges, small pictures, subtitles; and never half of a damaged one."""

from __future__ import annotations

import io
import logging
import secrets
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from reelworks.domain.video.scene import Frame, Scene
from reelworks.store.library.publish import publish_frames, publish_normalized, publish_scenes
from tests.reelworks.app.api.conftest import Server, serving
from tests.reelworks.app.api.routes.conftest import some_media

MB = 1 << 20


def jpeg(width: int = 1280, height: int = 720) -> bytes:
    stored = io.BytesIO()
    Image.effect_noise((width, height), 40).convert("RGB").save(stored, "JPEG")
    return stored.getvalue()


BROKEN = {
    "no picture": lambda: b"this is no picture",
    "empty": lambda: b"",
    "a header alone": lambda: jpeg()[:300],
    "half": lambda: jpeg()[: len(jpeg()) // 2],
    "half of a small one": lambda: jpeg(160, 90)[:1500],
    "another kind": lambda: b"\x89PNG\r\n\x1a\n" + bytes(100),
}
PLACES = ("frames/{id}_frame_000.jpg", "frames/{id}_frame_000.jpg?width=320", "thumbnail?width=640")


@pytest.fixture
def framed(api: Server, video) -> str:
    """A video with one frame, whose picture the test puts into the store."""
    video_id: str = video()
    publish_scenes(api.engine, video_id, [Scene(0, 0.0, 4.0)])
    frame = Frame(0, 0, 1.0, "00ff00ff00ff00ff", "0" * 64, 1280, 720, 12.0)
    publish_frames(api.engine, video_id, [frame], {0: f"frames/{video_id}/scene_000.jpg"})
    return video_id


def ours(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged at a level that people look at."""
    assert not [one for one in caplog.records if one.exc_info], "a trace is in the log"
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("kind", BROKEN)
def test_a_picture_that_does_not_decode_is_a_problem(api, framed, caplog, where, kind):
    key = f"frames/{framed}/scene_000.jpg"
    api.store.put_bytes(key, BROKEN[kind](), "image/jpeg")

    answer = api.get(f"/videos/{framed}/{where.format(id=framed)}")

    assert (answer.status_code, answer.json()["code"]) == (500, "artifact_damaged")
    assert answer.headers["content-type"] == "application/problem+json"
    (line,) = ours(caplog)
    assert key in line


@pytest.mark.parametrize("where", PLACES)
def test_a_picture_that_is_gone_is_not_found(api, framed, caplog, where):
    answer = api.get(f"/videos/{framed}/{where.format(id=framed)}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_stored")
    assert ours(caplog) == []


def test_a_good_picture_is_given_whole_and_in_ranges(api, framed):
    content, at = jpeg(), f"/videos/{framed}/frames/{framed}_frame_000.jpg"
    api.store.put_bytes(f"frames/{framed}/scene_000.jpg", content, "image/jpeg")

    assert api.get(at).content == content
    part = api.get(at, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, content[10:20])
    head = api.ask("HEAD", at)
    assert (head.content, head.headers["content-length"]) == (b"", str(len(content)))


class Cutting(BaseHTTPRequestHandler):
    """Passes requests on to the real store, and ends bodies of GETs early."""

    real: str
    after: int

    def do_GET(self) -> None:
        self._pass_on()

    do_HEAD = do_PUT = do_POST = do_GET  # noqa: N815

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        store = HTTPConnection(urlsplit(self.real).netloc)
        store.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            store.putheader(name, value)
        store.endheaders(body or None)
        answer = store.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "date", "server"):
                self.send_header(name, value)
        self.end_headers()
        cut = self.command == "GET" and "normalized" in self.path
        self.wfile.write(content[: self.after] if cut else content)
        store.close()
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture
def cutting(api: Server, request: pytest.FixtureRequest) -> Iterator[Server]:
    """The API in front of a store whose connection breaks after some bytes."""
    handler = type(
        "Handler", (Cutting,), {"real": api.settings.s3.endpoint_url, "after": request.param}
    )
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=proxy.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{proxy.server_port}"
    try:
        with serving(api.settings.with_values(s3_endpoint_url=address)) as server:
            yield server
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()


def movie(api: Server, video_id: str) -> str:
    key = f"processed/{video_id}/normalized.mp4"
    api.store.put_bytes(key, secrets.token_bytes(MB), "video/mp4")
    publish_normalized(api.engine, video_id, None, normalized_path=key)
    return key


@pytest.mark.parametrize("cutting", [0], indirect=True)
def test_a_store_that_gives_no_byte_is_a_problem(api, cutting, video, caplog):
    video_id = video()
    movie(api, video_id)

    answer = cutting.get(f"/videos/{video_id}/media")

    assert answer.status_code == 503
    assert answer.json()["retryable"] is True
    assert len(ours(caplog)) == 1


@pytest.mark.parametrize("cutting", [MB // 2 + 7], indirect=True)
def test_a_store_that_breaks_off_in_the_middle_is_logged_in_one_line(api, cutting, video, caplog):
    video_id = video()
    key = movie(api, video_id)

    with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection"):
        cutting.get(f"/videos/{video_id}/media")

    (line,) = [one for one in ours(caplog) if "ASGI callable returned" not in one]
    assert line.startswith(f"The download of {key} broke off: ")


def test_small_pictures_for_lists(api, indexed):
    picture = io.BytesIO()
    Image.effect_noise((1280, 720), 40).convert("RGB").save(picture, "JPEG")
    key = f"frames/{indexed}/scene_000.jpg"
    saved = api.store.put_bytes(key, picture.getvalue(), "image/jpeg")
    at = f"/videos/{indexed}/frames/{indexed}_frame_000.jpg"

    small = api.get(at, params={"width": 320})

    assert Image.open(io.BytesIO(small.content)).size == (320, 180)
    assert "max-age" in small.headers["cache-control"]
    again = {"If-None-Match": small.headers["etag"]}
    assert api.get(at, params={"width": 320}, headers=again).status_code == 304
    assert api.get(at, params={"width": 640}, headers=again).status_code == 200
    assert len(api.get(at).content) == saved.size
    assert api.get(f"/videos/{indexed}/thumbnail?width=640").status_code == 200
    assert api.get(at, params={"width": 4000}).status_code == 422


def test_subtitles(api, indexed):
    srt, vtt = (api.get(f"/videos/{indexed}/subtitles.{one}") for one in ("srt", "vtt"))

    assert "00:00:00,500 --> 00:00:02,000\nFish & <chips>" in srt.text
    assert vtt.text.startswith("WEBVTT\n")
    assert "Fish &amp; &lt;chips&gt;" in vtt.text
    assert vtt.headers["content-type"] == "text/vtt; charset=utf-8"


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, None),
        ("bytes=-50", -50, None),
        ("bytes=0-0", 0, 1),
        ("bytes=5-99999999", 5, None),
    ],
)
def test_byte_ranges(api, indexed, clip, header, start, end):
    answer = api.get(f"/videos/{indexed}/media", headers={"Range": header})

    assert answer.status_code == 206
    assert answer.content == clip[start:end]
    first = start % len(clip)
    last = first + len(answer.content) - 1
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(clip)}"
    assert answer.headers["content-type"] == "video/mp4"


def test_the_whole_file_its_tag_and_what_a_browser_may_do_with_it(api, indexed, clip):
    path = f"/videos/{indexed}/media"
    whole, head = api.get(path), api.client.head(path)
    known = api.get(path, headers={"If-None-Match": whole.headers["etag"]})
    other = api.get(path, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    late = api.get(path, headers={"Range": "bytes=99999999-"})

    assert (whole.status_code, whole.content) == (200, clip)
    assert head.headers["content-length"] == str(len(clip))
    assert head.content == b""
    assert known.status_code == 304
    assert (other.status_code, len(other.content)) == (200, len(clip))
    assert (late.status_code, late.headers["content-range"]) == (416, f"bytes */{len(clip)}")
    assert late.headers["content-type"] == "application/problem+json"
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in whole.headers
    assert whole.headers["content-disposition"].startswith("inline; filename=")


def test_an_original_is_never_shown_by_a_browser(api):
    body = api.upload("page.html", some_media(300)).json()

    answer = api.get(f"/videos/{body['video']['id']}/original")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith('attachment; filename="page.html"')


def test_media_at_a_signed_address_when_callers_reach_the_store(api, indexed, clip):
    from tests.reelworks.app.api.conftest import serving

    public = api.settings.with_values(s3_public_url=api.settings.s3.endpoint_url)
    with serving(public) as server:
        answer = server.get(f"/videos/{indexed}/media")
        assert answer.status_code == 307
        direct = server.client.get(answer.headers["location"], headers={"Range": "bytes=0-9"})

    assert (direct.status_code, direct.content) == (206, clip[:10])
    assert direct.headers["content-type"] == "video/mp4"


@pytest.mark.parametrize("what", ["media", "original", "thumbnail"])
def test_files_that_are_not_there_yet(api, video, what):
    answer = api.get(f"/videos/{video()}/{what}")

    assert answer.status_code == 404
    assert answer.json()["code"] in ("not_stored", "unknown_frame")
