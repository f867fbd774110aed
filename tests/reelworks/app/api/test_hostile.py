"""Input of those who mean harm: each is answered by a problem, and nothing happens."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text

from reelworks.store.db.database import transaction
from tests.reelworks.app.api.conftest import Server
from tests.reelworks.app.api.routes.test_videos import objects, some_media

FEW = hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def is_problem(answer: httpx.Response) -> bool:
    told = answer.json()
    return (
        answer.headers["content-type"] == "application/problem+json"
        and 400 <= answer.status_code < 500
        and told["status"] == answer.status_code
        and "Traceback" not in answer.text
    )


def raw(api: Server, request: bytes) -> bytes:
    """What the server answers to bytes that no client library would send."""
    with socket.create_connection(("127.0.0.1", api.port)) as line:
        line.settimeout(1)
        answer = b""
        with suppress(ConnectionError, TimeoutError):  # it hung up, or waits for more
            line.sendall(request)
            while piece := line.recv(65536):
                answer += piece
    return answer


NAMES = [
    "../../../../etc/passwd.mp4",
    "..\\..\\windows\\system32\\cmd.mp4",
    "/etc/passwd",
    "a\0b.mp4",
    "a\r\nSet-Cookie: x=y.mp4",
    '"; rm -rf / #.mp4',
    "$(touch /tmp/pwned).mp4",
    "'; DROP TABLE videos; --.mp4",
    "-rf.mp4",
    ".mp4",
    "..",
    "con.mp4",
    "\u202egpj.4pm",
    "🎬" * 300 + ".mp4",
    "<svg onload=alert(1)>.mp4",
    "%2e%2e%2f.mp4",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_s_name_is_only_a_name(api, name):
    boundary = b"x" * 20
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    for end in "\r\n":
        escaped = escaped.replace(end, "%0D" if end == "\r" else "%0A")
    content = some_media(64)
    body = (
        b"--" + boundary + b'\r\nContent-Disposition: form-data; name="file"; filename="'
        + escaped.encode() + b'"\r\n\r\n' + content + b"\r\n--" + boundary + b"--\r\n"
    )  # fmt: skip
    kind = f"multipart/form-data; boundary={boundary.decode()}"

    answer = api.post("/videos", content=body, headers={"Content-Type": kind})

    if answer.status_code >= 400:
        assert is_problem(answer)
        return
    told = answer.json()
    video_id = told["video"]["id"]
    (key,) = objects(api, f"uploads/{video_id}_")
    assert set(key.removeprefix("uploads/")) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
    )
    original = api.get(f"/videos/{video_id}/original")
    assert original.content == content
    assert "set-cookie" not in original.headers


@pytest.mark.parametrize(
    "path",
    [
        "/videos/../../etc/passwd",
        "/videos/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/videos/..%5c..%5cwindows",
        "/videos/a%00b",
        "/videos/%FF%FE",
        "/videos/'%20OR%201=1--",
        "/videos/x/frames/..%2f..%2fx_frame_000.jpg",
        "/videos/x/frames/x_frame_000.jpg%00.png",
        "/videos/x/subtitles.exe",
        "/jobs/%00",
        "/jobs/'; DROP TABLE jobs; --",
        "/jobs/" + "a" * 3000,
        "/status/%0d%0aX-Evil:%20yes",
        "/frames/..%2fx/similar",
        "//videos",
        "/videos//media",
    ],
)
def test_a_path_is_only_a_path(api, path):
    target = path.replace(" ", "%20").encode()
    answer = raw(
        api, b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split(b" ")[1] in (b"404", b"422", b"405", b"307"), answer
    assert b"x-evil" not in head.lower()
    assert b"Traceback" not in body


@pytest.mark.parametrize("name", ["title", "library", "language", "cursor", "status"])
@pytest.mark.parametrize(
    "value", ["'; DROP TABLE videos; --", "%", "\\", "a\0b", "🎬", "x" * 5000, "${7*7}"]
)
def test_a_filter_is_only_a_filter(api, name, value):
    answer = api.get("/videos", params={name: value})

    assert answer.status_code == 200 or is_problem(answer)
    with transaction(api.engine) as connection:
        assert connection.scalar(text("SELECT to_regclass('videos') IS NOT NULL"))


@pytest.mark.parametrize(
    "query",
    ["'", '"', "a & | !", "a:*b", "<->", "\\", "a\0b", "((((", "-" * 500, "%_%", "🎬", "\u202e"],
)
def test_a_question_is_only_words(api, query):
    answer = api.get("/search", params={"q": query})

    assert answer.status_code == 200 or is_problem(answer)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "-1"),
        ("limit", "0"),
        ("limit", "1e9"),
        ("limit", "99999999999999999999"),
        ("min_seconds", "nan"),
        ("min_seconds", "inf"),
        ("max_seconds", "-1"),
        ("created_from", "0000-00-00T00:00:00Z"),
        ("created_from", "yesterday"),
        ("created_from", "2026-01-01T00:00:00"),
        ("unknown", "x"),
    ],
)
@pytest.mark.parametrize("path", ["/videos", "/search"])
def test_numbers_and_dates_have_bounds(api, path, name, value):
    answer = api.get(path, params={name: value, **({"q": "a"} if path == "/search" else {})})

    assert answer.status_code == 422
    assert is_problem(answer)


BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"x"',
    b"\xff\xfe",
    b'{"video_id": "a", "priority": NaN}',
    b'{"video_id": "a", "priority": Infinity}',
    b'{"video_id": "a", "priority": 1e400}',
    b'{"video_id": "a", "priority": 9223372036854775808}',
    b'{"video_id": "a", "priority": 1.5}',
    b'{"video_id": ["a"]}',
    b'{"video_id": "a\\u0000b"}',
    b'{"video_id": "A"}',
    b'{"video_id": "a", "__class__": "x"}',
    b'{"video_id": "a", "params": {"job": {"id": "x", "attempt": 1}}}',
    b'{"video_id": "a", "params": {"source": "/etc/passwd"}}',
    b'{"video_id": "a", "params": {"source": "file:///etc/passwd"}}',
    b'{"video_id": "a", "params": {"source": "http://169.254.169.254/"}}',
    b'{"video_id": "a", "kind": "stage"}',
    b'{"video_id": "a", "recompute": ["rm"]}',
    b'{"video_id": "a", "webhook_url": "http://127.0.0.1/"}',
    b'{"video_id": "a", "webhook_url": "javascript:alert(1)"}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"video_id": "a", "recompute": [' + b'"vision",' * 50_000 + b'"vision"]}',
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:40]))
@pytest.mark.parametrize("path", ["/jobs", "/videos", "/jobs/cancel"])
def test_a_body_is_checked(api, path, body):
    answer = api.post(path, content=body, headers={"Content-Type": "application/json"})

    assert is_problem(answer), answer.text[:300]


@pytest.mark.parametrize("kind", ["text/html", "application/xml", "text/plain", "", "a" * 500])
def test_a_body_of_another_type_is_no_request(api, kind):
    answer = api.post("/videos", content=b'{"url": "http://a/b"}', headers={"Content-Type": kind})

    assert is_problem(answer)


def test_a_large_body_is_answered_before_its_end_and_its_sender_is_left(api):
    sent = 0

    def much(most: int):
        nonlocal sent
        sent = 0
        while sent < most:
            sent += 65536
            yield b" " * 65536

    kind = {"Content-Type": "application/json"}
    answer = api.post("/jobs", content=much(20_000_000), headers=kind)
    assert (answer.status_code, answer.json()["code"]) == (413, "over_limit")

    with suppress(httpx.HTTPError):  # the server hung up on us
        api.post("/jobs", content=much(1_000_000_000), headers=kind)
    assert sent < 200_000_000


FORMS = [
    b"",
    b"--b\r\n",
    b"--b--\r\n",
    b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nnot a file\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nnever ends',
    b"--b\r\nNo-Disposition: x\r\n\r\nx\r\n--b--\r\n",
    b'--b\r\nContent-Disposition: form-data; filename="a"\r\n\r\nx\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="other"; filename="a"\r\n\r\nx\r\n--b--\r\n',
    (b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n\0\0\0\x20ftyp\r\n')
    * 2
    + b"--b--\r\n",
    b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\nx\r\n' * 100 + b"--b--\r\n",
    b'--b\r\nContent-Disposition: form-data; name="id"\r\n\r\n' + b"x" * 100_000 + b"\r\n--b--\r\n",
    b"--b\r\n" + b"X: y\r\n" * 1000 + b"\r\nx\r\n--b--\r\n",
    b"--b\r\nX: " + b"y" * 100_000 + b"\r\n\r\nx\r\n--b--\r\n",
    b'--b\r\nContent-Disposition: form-data; name="id"\r\n\r\n\xff\xfe\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n\0\0\0\x20ftyp\r\n'
    b'--b\r\nContent-Disposition: form-data; name="id"\r\n\r\n../x\r\n--b--\r\n',
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: repr(form[:50]))
def test_a_form_is_checked_and_a_bad_one_leaves_nothing(api, form):
    before = objects(api)

    answer = api.post(
        "/videos", content=form, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )

    assert is_problem(answer), answer.text
    assert objects(api) == before


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        f"multipart/form-data; boundary={'b' * 5000}",
    ],
)
def test_a_form_needs_a_boundary(api, kind):
    assert is_problem(api.post("/videos", content=b"x", headers={"Content-Type": kind}))


@pytest.mark.parametrize(
    "request_",
    [
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /videos HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /videos HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        b"POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /jobs HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nx",
        b"POST /jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /videos HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=lambda request_: repr(request_[:30]),
)
def test_what_is_no_http_is_refused(api, request_):
    answer = raw(api, request_)

    assert not answer or answer.split(b" ")[1][:1] == b"4", answer[:200]
    assert api.get("/jobs/peek").status_code == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE", "CONNECT", "PROPFIND", "BREW"])
def test_other_methods_are_problems(api, method):
    answer = api.ask(method, "/videos")

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@FEW
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_is_an_id_or_a_problem(api, given_text):
    for path in ("/videos", "/jobs"):
        answer = api.get(f"{path}/{quote(given_text, safe='')}")
        assert answer.status_code < 500


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)


def nested(inner):
    return st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)


@FEW
@given(st.recursive(LEAVES, nested, max_leaves=12))
def test_any_json_is_a_request_or_a_problem(api, value):
    for path in ("/jobs", "/videos", "/jobs/retry", "/jobs/priority", "/intake/pause"):
        body = json.dumps(value).encode()
        answer = api.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code < 500
