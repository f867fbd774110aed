"""Files of a source: found by name, read once, and compared with how they were last seen."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from reelworks.domain.digest import sha256_of_file
from reelworks.errors import InputError, SourceNotFoundError
from reelworks.operations.backfill.source_scan import (
    FileEntry,
    ScannedFile,
    as_seen,
    is_changed,
    list_files,
    root_of,
    scan_files,
)
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
    (folder / "._b.mp4").write_bytes(b"of macOS")
    (folder / "notes.txt").write_text("no film")
    (folder / "lost.mp4").symlink_to(folder / "gone.mp4")
    return folder


@pytest.mark.parametrize(
    ("source", "root"),
    [
        ("s3://films", "s3://films/"),
        ("s3://films/", "s3://films/"),
        ("S3://films/a/b//", "s3://films/a/b/"),
        ("/films/./a", "/films/a"),
    ],
)
def test_a_root_has_one_name(source: str, root: str) -> None:
    assert root_of(source) == root


@pytest.mark.parametrize("source", ["https://films.example/a", "s3://", "s3:///a"])
def test_what_is_neither_a_folder_nor_a_prefix_is_refused(source: str) -> None:
    with pytest.raises(InputError, match="s3://bucket/prefix"):
        root_of(source)


def test_a_relative_folder_and_the_home_are_filled_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ann")
    assert root_of("films") == str(tmp_path / "films")
    assert root_of("~/films") == "/home/ann/films"


def test_a_folder_s_media_files_are_listed_in_order(films: Path, store: ArtifactStore) -> None:
    listed = list_files(str(films), store)
    assert [Path(one.locator).name for one in listed] == ["b.mp4", "a.MP4"]
    assert listed[0].size == (films / "b.mp4").stat().st_size
    assert listed[0].stem == "b"


def test_a_prefix_s_media_files_are_listed(films: Path, store: ArtifactStore) -> None:
    for key in ("in/talk.mp4", "in/notes.txt", "elsewhere/film.mp4"):
        store.put_bytes(key, b"12345", "video/mp4")
    (one,) = list_files(f"s3://{store.bucket}/in/", store)
    assert (one.locator, one.size, one.stem) == (f"s3://{store.bucket}/in/talk.mp4", 5, "talk")


def test_a_folder_or_bucket_that_is_not_there_is_named(
    tmp_path: Path, store: ArtifactStore
) -> None:
    with pytest.raises(SourceNotFoundError, match="nowhere"):
        list_files(str(tmp_path / "nowhere"), store)
    with pytest.raises(SourceNotFoundError, match="no-such-bucket"):
        list_files("s3://no-such-bucket/", store)


def test_each_file_is_read_unless_it_is_as_it_was(films: Path, store: ArtifactStore) -> None:
    (films / "bad.mp4").write_bytes(b"")
    listed = list_files(str(films), store)
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
    later = scan_files(list_files(str(films), store), known, store, lambda *_: None)
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
