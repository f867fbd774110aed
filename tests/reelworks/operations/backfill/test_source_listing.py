"""Files of a source are found by name; what cannot be listed is noted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reelworks.domain.locators import path_of
from reelworks.errors import InputError, SourceNotFoundError, SourceUnreadableError
from reelworks.operations.backfill.source_listing import list_files, list_folder, root_of
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
    (folder / "loop.mp4").symlink_to(folder / "loop.mp4")
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
    found = list_files(str(films), store)
    listed = found.files
    assert [Path(one.locator).name for one in listed] == ["b.mp4", "a.MP4"]
    assert listed[0].size == (films / "b.mp4").stat().st_size
    assert listed[0].stem == "b"
    assert list(found.unreadable) == [str(films / "loop.mp4")]
    assert found.hidden_files == 1


def test_a_prefix_s_media_files_are_listed(films: Path, store: ArtifactStore) -> None:
    for key in ("in/talk.mp4", "in/notes.txt", "elsewhere/film.mp4"):
        store.put_bytes(key, b"12345", "video/mp4")
    (one,) = list_files(f"s3://{store.bucket}/in/", store).files
    assert (one.locator, one.size, one.stem) == (f"s3://{store.bucket}/in/talk.mp4", 5, "talk")


def test_a_folder_or_bucket_that_is_not_there_is_named(
    tmp_path: Path, store: ArtifactStore
) -> None:
    with pytest.raises(SourceNotFoundError, match="nowhere"):
        list_files(str(tmp_path / "nowhere"), store)
    with pytest.raises(SourceNotFoundError, match="no-such-bucket"):
        list_files("s3://no-such-bucket/", store)


def test_a_root_s_name_gives_its_bytes_back(tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"fran\xe7ais")
    root.mkdir()
    (root / "a.mp4").touch()
    assert root_of(str(root)) == f"file://{tmp_path}/fran%E7ais"
    assert root_of(root_of(str(root))) == root_of(str(root))
    assert [one.locator for one in list_folder(path_of(root_of(str(root)))).files] == [
        f"file://{tmp_path}/fran%E7ais/a.mp4"
    ]


def test_hidden_trash_and_nas_folders_are_passed_over(tmp_path: Path, store: ArtifactStore) -> None:
    ignored = (".Trash-1000/files", "a/@eaDir", ".@__thumb", "#recycle", "a/$RECYCLE.BIN")
    for folder in (*ignored, "a/@home", "a/#1"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "film.mp4").touch()
        store.put_bytes(f"in/{folder}/film.mp4", b"", "video/mp4")
    (tmp_path / ".hidden.mp4").touch()
    store.put_bytes("in/.hidden.mp4", b"", "video/mp4")
    for found in (list_folder(tmp_path), list_files(f"s3://{store.bucket}/in/", store)):
        taken = [one.locator.split("/")[-2] for one in found.files]
        assert taken == ["#1", "@home"]
        assert (len(found.passed_over), found.hidden_files) == (5, 1)


def test_a_hidden_root_is_scanned_all_the_same(tmp_path: Path) -> None:
    root = tmp_path / ".films"
    root.mkdir()
    (root / "a.mp4").touch()
    assert len(list_folder(root).files) == 1


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be an account that permissions hold for, unlike root."""
    own = os.geteuid()
    if own == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(own)


def test_a_folder_that_may_not_be_read_ends_no_scan(tmp_path: Path, films: Path) -> None:
    (films / "locked" / "deep").mkdir(parents=True)
    (films / "listed").mkdir()
    (films / "listed" / "no_stat.mp4").touch()
    (films / "listed").chmod(0o644)  # names are shown, but nothing else
    (films / "locked").chmod(0)
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o011)
    try:
        with unprivileged():
            found = list_folder(films)
    finally:
        for folder in (films / "locked", films / "listed"):
            folder.chmod(0o755)
    assert [Path(one.locator).name for one in found.files] == ["b.mp4", "a.MP4"]
    unreadable = {Path(name).name: why for name, why in found.unreadable.items()}
    assert unreadable.pop("loop.mp4")
    assert unreadable == dict.fromkeys(("locked", "no_stat.mp4"), "Permission denied")
    under, missed = str(films / "locked" / "deep" / "was.mp4"), str(films / "gone.mp4")
    assert found.hidden([under, missed]) == {under}


def test_a_root_that_may_not_be_read_is_an_error(
    films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(SourceUnreadableError, match="Permission denied"):
        list_folder(films)
