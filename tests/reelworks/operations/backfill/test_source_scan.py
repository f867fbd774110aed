"""Files of a source: found by name, read once, and compared with how they were last seen."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
from botocore.awsrequest import AWSResponse

from reelworks.domain.digest import sha256_of_file
from reelworks.errors import StoreUnavailableError
from reelworks.operations.backfill.scanned_files import Scan, ScannedFile, Skip, as_seen, is_changed
from reelworks.operations.backfill.source_listing import FileEntry, list_files
from reelworks.operations.backfill.source_scan import STALLED_SECONDS, scan_files, scan_source
from reelworks.settings import Settings
from reelworks.store.objects.artifacts import ArtifactStore


@pytest.fixture
def store(clean_settings: Settings) -> ArtifactStore:
    return ArtifactStore.open(clean_settings)


@pytest.fixture
def films(tmp_path: Path, media: Path) -> Path:
    folder = tmp_path / "films"
    (folder / "more").mkdir(parents=True)
    shutil.copy(media / "odd" / "no_audio.mp4", folder / "b.mp4")
    shutil.copy(media / "odd" / "no_audio.mp4", folder / "more" / "a.MP4")
    return folder


@pytest.fixture(autouse=True)
def short_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reelworks.operations.backfill.source_scan.REST_SECONDS", 0.2)


def test_each_file_is_read_unless_it_is_as_it_was(films: Path, store: ArtifactStore) -> None:
    (films / "bad.mp4").write_bytes(b"")
    listed = list_files(str(films), store).files
    counted: list[tuple[int, int]] = []
    scanned = scan_files(listed, {}, store, lambda done, total: counted.append((done, total)))
    found = {Path(one.listed.locator).name: one for one in scanned}

    assert counted == [(1, 3), (2, 3), (3, 3)]
    assert found["b.mp4"].sha256 == sha256_of_file(films / "b.mp4")
    assert found["b.mp4"].seconds == pytest.approx(found["a.MP4"].seconds)
    assert "bad.mp4" in (found["bad.mp4"].note or "")

    known = {
        one.listed.locator: replace(as_seen(one, str(films), "v"), seconds=77.0)
        for one in scanned
        if one.note is None
    }
    (films / "more" / "a.MP4").touch()
    later = scan_files(list_files(str(films), store).files, known, store, lambda *_: None)
    by_name = {Path(one.listed.locator).name: one for one in later}
    assert by_name["b.mp4"].seconds == 77.0, "as it was: not read"
    assert by_name["a.MP4"].seconds == pytest.approx(found["a.MP4"].seconds)


@pytest.mark.parametrize(
    ("stamp", "before", "now", "changed"),
    [
        ("1", "aa", "bb", False),
        ("2", "aa", "aa", False),
        ("2", "aa", "bb", True),
        ("2", None, "aa", True),
        ("2", "aa", None, True),
    ],
)
def test_the_digest_decides_where_stamp_or_size_differ(
    stamp: str, before: str | None, now: str | None, changed: bool
) -> None:
    seen = as_seen(ScannedFile(FileEntry("/a.mp4", 5, "1"), before, 1.0), "/", "v")
    assert is_changed(ScannedFile(FileEntry("/a.mp4", 5, stamp), now, 1.0), seen) is changed


def scan(store: ArtifactStore, root: str | Path) -> Scan:
    return scan_source(str(root), {}, store, lambda *_: None)


def names(files: tuple[ScannedFile, ...]) -> list[str]:
    return [Path(one.listed.locator).name for one in files]


def test_names_that_are_no_utf_8_are_two_files(
    tmp_path: Path, media: Path, store: ArtifactStore
) -> None:
    for name, of in ((b"caf\xe9.mp4", "no_audio"), (b"caf\xe8.mp4", "rot90")):
        shutil.copy(media / "odd" / f"{of}.mp4", tmp_path / os.fsdecode(name))
    found = scan(store, tmp_path)
    assert names(found.files) == ["caf%E8.mp4", "caf%E9.mp4"]
    assert all(one.sha256 and one.seconds for one in found.files)
    assert [one.listed.stem for one in found.files] == ["caf\udce8", "caf\udce9"]


def test_source_code_is_passed_over_and_a_transport_stream_is_not(
    films: Path, store: ArtifactStore
) -> None:
    app = films / "app"
    app.mkdir()
    for number in range(7):
        (app / f"f{number}.ts").write_text(f"export const n{number} = 'é';", encoding="latin-1")
    (app / "strings.ts").write_text("\ufeff<TS/>", encoding="utf-16")
    (app / "empty.mts").touch()
    stream(films / "b.mp4", app / "real.ts")
    found = scan(store, films)
    assert names(found.files) == ["real.ts", "b.mp4", "a.MP4"]
    assert [one.skip for one in found.skipped] == [Skip.TEXT] * 9


def stream(source: Path, to: Path) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", source, "-c", "copy"]
    subprocess.run([*command, "-f", "mpegts", to], check=True)


def test_a_file_that_lacks_its_end_waits_until_nobody_writes_to_it(
    films: Path, store: ArtifactStore
) -> None:
    whole = (films / "b.mp4").read_bytes()
    (films / "grow.mp4").write_bytes(whole[: len(whole) * 6 // 10])
    found = scan(store, films)
    (waiting,) = found.skipped
    assert (waiting.skip, Path(waiting.listed.locator).name) == (Skip.UNFINISHED, "grow.mp4")
    assert "next scan" in (waiting.note or "")

    long_ago = time.time() - STALLED_SECONDS - 60
    os.utime(films / "grow.mp4", (long_ago, long_ago))
    assert scan(store, films).skipped == (), "a recording that was broken off is taken as it is"


def test_a_file_that_is_being_written_waits(films: Path, store: ArtifactStore) -> None:
    done = threading.Event()

    def write() -> None:
        with (films / "sound.mp3").open("ab") as file:
            while not done.wait(0.01):
                file.write(bytes(500))
                file.flush()

    (films / "sound.mp3").touch()
    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = scan(store, films)
    finally:
        done.set()
        writer.join()
    (waiting,) = found.skipped
    assert (waiting.skip, waiting.sha256) == (Skip.UNFINISHED, None)
    assert "sound.mp3 is still being written" in (waiting.note or "")
    assert names(found.files) == ["b.mp4", "a.MP4"]


def test_a_file_at_rest_is_waited_for_by_nobody(films: Path, store: ArtifactStore) -> None:
    for path in (films / "b.mp4", films / "more" / "a.MP4"):
        os.utime(path, (1, 1))
    began = time.monotonic()
    assert len(scan(store, films).files) == 2
    assert time.monotonic() - began < 0.2


class Body:
    """The body of an answer, as the SDK reads one."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self.content


def refuse(store: ArtifactStore, key: str, status: int, code: str) -> None:
    """Answer the GETs of a key like S3 itself does."""

    def answer(request: Any, **_: Any) -> AWSResponse | None:
        if not request.url.endswith(key):
            return None
        body = Body(f"<Error><Code>{code}</Code><Message>No.</Message></Error>".encode())
        return AWSResponse(request.url, status, {"content-type": "application/xml"}, body)

    store._client.meta.events.register("before-send.s3.GetObject", answer)


@pytest.fixture
def prefix(films: Path, store: ArtifactStore) -> str:
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        store.put_bytes(f"in/{name}", (films / "b.mp4").read_bytes(), "video/mp4")
    return f"s3://{store.bucket}/in/"


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (403, "InvalidObjectState", "archived"),
        (403, "AccessDenied", "AccessDenied"),
        (404, "NoSuchKey", "does not exist"),
        (400, "InvalidRequest", "InvalidRequest"),
        (500, "InternalError", "InternalError"),
    ],
)
def test_an_object_that_cannot_be_read_ends_no_scan(
    store: ArtifactStore, prefix: str, status: int, code: str, says: str
) -> None:
    refuse(store, "in/b.mp4", status, code)
    found = scan(store, prefix)
    assert names(found.files) == ["a.mp4", "c.mp4"]
    (skipped,) = found.skipped
    assert skipped.skip is Skip.UNREADABLE
    assert says in (skipped.note or "") and f"{prefix}b.mp4" in (skipped.note or "")
    assert found.may_have([f"{prefix}b.mp4", f"{prefix}gone.mp4"]) == {f"{prefix}b.mp4"}


def test_an_outage_ends_the_scan(store: ArtifactStore, prefix: str) -> None:
    refuse(store, "in/b.mp4", 503, "SlowDown")
    with pytest.raises(StoreUnavailableError):
        scan(store, prefix)
