"""A source of any kind becomes a file on this machine with a name, a digest and an id."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.digest import sha256_of_bytes, sha256_of_file
from reelworks.domain.ids import VIDEO_ID_MAX
from reelworks.domain.jobs.progress import silent
from reelworks.domain.locators import locator_of
from reelworks.errors import (
    InputError,
    OverLimitError,
    ReelworksError,
    SourceNotFoundError,
    SourceUnavailableError,
    SourceUnreadableError,
    UnsafeAddressError,
)
from reelworks.stages.source.ingest import localize, safe_name, without_secrets
from reelworks.stages.source.limits import PUBLIC_ONLY, SourceLimits
from reelworks.store.objects.artifacts import ArtifactStore

PRIVATE_ALLOWED = SourceLimits(private_addresses=True)
"""The web sites of these tests are on this machine."""
BODY = bytes(range(256)) * 12_000  # 3 MB: several blocks


class Site(BaseHTTPRequestHandler):
    """A small web site: what each path answers."""

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path.startswith("/status/"):
            self.send_response(int(path.rpartition("/")[2]))
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif path.startswith("/busy/"):
            self.send_response(int(path.rpartition("/")[2]))
            self.send_header("Retry-After", unquote(self.path.partition("?")[2]))
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/talk.mp4?sig=other")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif path in ("/circle", "/to-file"):
            self.send_response(302)
            self.send_header("Location", "/circle" if path == "/circle" else "file:///etc/passwd")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.send_response(200)
            if path != "/unknown-length.mp4":
                stated = 1 << 60 if path == "/huge.mp4" else len(BODY)
                self.send_header("Content-Length", str(stated))
            self.end_headers()
            self.wfile.write(BODY[:1000] if path in ("/cut.mp4", "/huge.mp4") else BODY)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def bring(settings, bucket, tmp_path):
    """Localize a source into a room of this test's own."""
    store = ArtifactStore.open(settings.with_values(s3_bucket=bucket))
    room = tmp_path / "room"
    room.mkdir()

    def run(source, video_id=None, progress=silent, limits=PRIVATE_ALLOWED):
        return localize(source, video_id, room, store, progress, limits)

    return run


def test_a_file_stays_where_it_is(bring, media):
    path = media / "odd" / "no_audio.mp4"

    local = bring(str(path))

    assert local.path == path
    assert local.original == str(path)
    assert local.sha256 == sha256_of_file(path)
    assert local.video_id == f"no-audio-{local.sha256[:8]}"
    assert local.name == "no_audio.mp4"


def test_an_id_of_the_user_s_is_used(bring, media):
    assert bring(str(media / "odd" / "no_audio.mp4"), "my-clip").video_id == "my-clip"


@pytest.mark.parametrize("bad", ["", "a b", "../x", "x" * (VIDEO_ID_MAX + 1)])
def test_a_wrong_id_is_refused_before_anything_is_read(bring, bad):
    with pytest.raises(InputError, match="cannot be a video id: use A-Z"):
        bring("/not/there.mp4", bad)


def test_home_is_filled_in(bring, monkeypatch, tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"x")
    monkeypatch.setenv("HOME", str(tmp_path))

    assert bring("~/clip.mp4").path == tmp_path / "clip.mp4"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "The source is empty; name a file."),
        ("/not/there.mp4", "/not/there.mp4 does not exist."),
        ("~no-such-user/a.mp4", "~no-such-user/a.mp4 does not exist."),
        ("/a\x1b[31m\nb.mp4", "/a\ufffd[31m b.mp4 does not exist."),
    ],
)
def test_nothing_there(bring, source, message):
    with pytest.raises(SourceNotFoundError) as caught:
        bring(source)

    assert str(caught.value) == message


def test_a_folder_is_no_file(bring, tmp_path):
    with pytest.raises(SourceNotFoundError, match="is a folder; name a file in it"):
        bring(str(tmp_path))


def test_a_name_that_is_too_long_is_one_sentence(bring):
    with pytest.raises(SourceUnreadableError, match=r"cannot be read: File name too long\.$"):
        bring("/tmp/" + "a" * 300)


def test_a_pipe_is_refused_at_once_and_not_waited_for(bring, tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")

    with pytest.raises(SourceUnreadableError, match="is not a regular file"):
        bring(str(tmp_path / "pipe.mp4"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(bring, tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"x")
    (tmp_path / "clip.mp4").chmod(0)

    with pytest.raises(SourceUnreadableError, match="permission denied"):
        bring(str(tmp_path / "clip.mp4"))


def test_a_url_is_downloaded_and_its_progress_reported(bring, site):
    reports = []

    local = bring(
        f"{site}/Team%20talk.mp4?sig=secret",
        progress=lambda done, total: reports.append((done, total)),
    )

    assert local.path.read_bytes() == BODY
    assert local.sha256 == sha256_of_bytes(BODY)
    assert local.video_id == f"team-talk-{local.sha256[:8]}"
    assert local.name == "Team-talk.mp4"
    assert local.original == f"{site}/Team%20talk.mp4"
    assert [done for done, _ in reports] == sorted(done for done, _ in reports)
    assert reports[-1] == (len(BODY), len(BODY))
    assert len(reports) >= 3


def test_the_length_need_not_be_known(bring, site):
    reports = []

    local = bring(
        f"{site}/unknown-length.mp4", progress=lambda done, total: reports.append((done, total))
    )

    assert local.path.read_bytes() == BODY
    assert all(done <= total for done, total in reports)


def test_a_redirect_is_followed_under_the_first_name(bring, site):
    local = bring(f"{site}/moved")

    assert local.path.read_bytes() == BODY
    assert local.video_id.startswith("moved-")


def test_the_same_bytes_and_name_have_one_id_wherever_they_lie(bring, site, tmp_path):
    (tmp_path / "видео.mp4").write_bytes(BODY)

    local = bring(str(tmp_path / "видео.mp4"))
    there = bring(f"{site}/видео.mp4")

    assert local.video_id == there.video_id


@pytest.mark.parametrize(
    ("path", "kind", "retryable"),
    [
        ("/status/404", SourceNotFoundError, False),
        ("/status/410", SourceNotFoundError, False),
        ("/status/401", SourceUnreadableError, False),
        ("/status/403", SourceUnreadableError, False),
        ("/status/408", SourceUnavailableError, True),
        ("/status/429", SourceUnavailableError, True),
        ("/status/500", SourceUnavailableError, True),
        ("/status/503", SourceUnavailableError, True),
        ("/cut.mp4", SourceUnavailableError, True),
        ("/circle", InputError, False),
        ("/to-file", InputError, False),
    ],
)
def test_what_a_server_answers_decides_whether_to_try_again(bring, site, path, kind, retryable):
    address = site.replace("http://", "http://user:pass-0815@") + path + "?sig=secret-0815"

    with pytest.raises(ReelworksError) as caught:
        bring(address)

    assert type(caught.value) is kind
    assert caught.value.retryable is retryable
    assert f"{site}{path}" in str(caught.value)
    assert "0815" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("date", [False, True])
def test_a_server_may_say_how_long_to_wait(bring, site, status, date):
    said = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True) if date else "90"

    with pytest.raises(SourceUnavailableError, match=r"asks to wait \d+ s\.$") as caught:
        bring(f"{site}/busy/{status}?{quote(said)}")

    assert caught.value.retry_after == pytest.approx(90, abs=2)


@pytest.mark.parametrize("said", ["", "soon", "-5"])
def test_a_wait_that_makes_no_sense_is_none(bring, site, said):
    with pytest.raises(SourceUnavailableError, match=r"\(HTTP 503\)\.$") as caught:
        bring(f"{site}/busy/503?{said}")

    assert caught.value.retry_after is None


def test_a_source_that_does_not_fit_is_refused_before_it_is_fetched(bring, site):
    with pytest.raises(ReelworksError, match="MB free; make room") as caught:
        bring(f"{site}/huge.mp4")

    assert caught.value.code == "no_space"


def test_a_server_that_is_not_there_may_come_back(bring):
    with pytest.raises(SourceUnavailableError, match=r"^http://127.0.0.1:9/a.mp4 cannot be"):
        bring("http://127.0.0.1:9/a.mp4")


@pytest.mark.parametrize("source", ["http:///x", "http://a..b/x", "https://"])
def test_an_address_that_is_none(bring, source):
    with pytest.raises(InputError, match="cannot be fetched"):
        bring(source)


def test_an_address_that_cannot_be_read_may_hold_a_password_and_is_not_shown(bring):
    with pytest.raises(InputError, match=r"^http://\.\.\. is not a valid URL"):
        bring("http://[::1")


@pytest.mark.parametrize("source", ["ftp://host/a.mp4", "file://host/etc/passwd", "concat://a"])
def test_other_schemes_are_refused(bring, source):
    with pytest.raises(InputError, match="use a path, http|use file:///path"):
        bring(source)


@pytest.mark.parametrize("key", ["in/talk.mp4", "in/a b+c%20#1?.mp4", "видео.mp4"])
def test_an_s3_key_is_taken_literally(bring, settings, bucket, key):
    ArtifactStore.open(settings.with_values(s3_bucket=bucket)).put_bytes(key, BODY, "video/mp4")

    local = bring(f"s3://{bucket}/{key}")

    assert local.path.read_bytes() == BODY
    assert local.original == f"s3://{bucket}/{key}"


def test_a_key_or_a_bucket_that_is_not_there(bring, bucket):
    with pytest.raises(SourceNotFoundError, match="does not exist"):
        bring(f"s3://{bucket}/gone.mp4")
    with pytest.raises(SourceNotFoundError, match="s3://no-such-bucket/gone.mp4 does not exist"):
        bring("s3://no-such-bucket/gone.mp4")


@pytest.mark.parametrize("source", ["s3://", "s3://bucket", "s3://bucket/", "s3:///key"])
def test_an_s3_address_needs_bucket_and_key(bring, source):
    with pytest.raises(InputError, match="expected s3://bucket/key"):
        bring(source)


@given(st.text())
def test_a_safe_name_is_safe(name):
    safe = safe_name(name)

    assert 1 <= len(safe) <= 100
    assert safe[0] not in ".-"
    assert set(safe) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
    assert safe_name(safe) == safe


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("talk.mp4", "talk.mp4"),
        ("../../etc/passwd", "etc-passwd"),
        (".hidden", "hidden"),
        ("", "source"),
        ("видео", "source"),
        ("a" * 10 + "." + "b" * 99, "b" * 99),
    ],
)
def test_safe_names(name, safe):
    assert safe_name(name) == safe


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("/a/b?c#d.mp4", "/a/b?c#d.mp4"),
        ("https://u:p@host:1/a.mp4?sig=x#t", "https://host:1/a.mp4"),
        ("https://host?key=x", "https://host"),
        ("https://host/a@b.mp4", "https://host/a@b.mp4"),
        ("s3://bucket/a?b", "s3://bucket/a?b"),
        ("s3://key:secret@bucket/a@b", "s3://bucket/a@b"),
        ("https://[::1]:80/a.mp4?sig=x", "https://[::1]:80/a.mp4"),
        ("https://u:p/word@host/a.mp4", "https://..."),
        ("https://u:p?word@host/a.mp4", "https://..."),
        ("https://u:p#word@host/a.mp4", "https://..."),
    ],
)
def test_what_is_shown_of_a_source(source, shown):
    assert without_secrets(source) == shown


def test_names_with_odd_characters_are_read_and_shown_harmlessly(bring, tmp_path):
    path = tmp_path / "a\n[bold]\x1b[2J\udcff.mp4"
    Path(path).write_bytes(b"x")

    local = bring(str(path))

    assert local.path.resolve() == path
    assert local.original == f"file://{tmp_path}/a%0A%5Bbold%5D%1B%5B2J%FF.mp4"
    assert local.video_id.startswith("a-bold-2j-")


def test_a_private_address_is_not_fetched_unless_the_settings_allow_it(bring, site):
    with pytest.raises(UnsafeAddressError, match="on a private network"):
        bring(f"{site}/talk.mp4", limits=PUBLIC_ONLY)


@pytest.mark.parametrize("path", ["/talk.mp4", "/unknown-length.mp4"])
def test_a_download_ends_where_it_grows_too_large(bring, site, path):
    with pytest.raises(OverLimitError, match="is larger than 2 MB"):
        bring(f"{site}{path}", limits=SourceLimits(private_addresses=True, max_bytes=2_000_000))


def test_an_upload_s_own_name_is_found_again(bring, settings, bucket):
    store = ArtifactStore.open(settings.with_values(s3_bucket=bucket))
    store.put_bytes("uploads/my-clip_Team-talk.mp4", BODY, "video/mp4")

    local = bring(f"s3://{bucket}/uploads/my-clip_Team-talk.mp4", "my-clip")

    assert local.name == "Team-talk.mp4"


@pytest.mark.parametrize("as_uri", [True, False])
def test_a_name_that_is_no_utf_8_is_read_under_another(bring, tmp_path, as_uri):
    path = tmp_path / os.fsdecode(b"caf\xe9.mp4")
    path.write_bytes(b"film")
    local = bring(locator_of(path) if as_uri else str(path))
    assert local.original == f"file://{tmp_path}/caf%E9.mp4"
    assert (local.path.name, local.path.read_bytes()) == ("caf-.mp4", b"film")
    assert local.video_id.startswith("caf-")


def test_a_uri_of_a_plain_path_is_that_path(bring, tmp_path):
    path = tmp_path / "a b.mp4"
    path.write_bytes(b"film")
    local = bring(path.as_uri())
    assert (local.original, local.path, local.name) == (str(path), path, "a-b.mp4")
