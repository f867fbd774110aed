"""A folder stands for its media files, as a sync would take them."""

from __future__ import annotations

import os

import pytest

from reelworks.app.cli.commands.folder_sources import expand
from reelworks.errors import InputError


def test_a_folder_stands_for_its_media_in_order(tmp_path):
    for name in ("b.MP4", "a.mkv", "notes.txt", ".hidden.mp4", "._b.mp4", "sub/c.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")

    found = [path.removeprefix(f"{tmp_path}/") for path in expand(str(tmp_path))]

    assert found == ["a.mkv", "b.MP4", "sub/c.wav"]


@pytest.mark.parametrize("source", ["", "x.mp4", "s3://b/k", "http://h/x", "a" * 300, "~nobody0/x"])
def test_anything_else_stands_for_itself(source):
    assert expand(source) == [source]


def test_a_folder_without_media(tmp_path):
    with pytest.raises(InputError, match="contains no video or audio files"):
        expand(str(tmp_path))


def test_a_folder_is_read_like_a_source_of_a_sync(tmp_path):
    for name in (".Trash-1000/a.mp4", "@eaDir/a.mp4", "code.ts"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / os.fsdecode(b"caf\xe9.mp4")).write_bytes(b"x")

    assert expand(str(tmp_path)) == [f"file://{tmp_path}/caf%E9.mp4"]
    assert expand(str(tmp_path / os.fsdecode(b"caf\xe9.mp4"))) == expand(str(tmp_path))
