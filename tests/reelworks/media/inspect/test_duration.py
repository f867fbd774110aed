"""A file's duration by its header alone, also where the header is at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelworks.errors import UnsafeMediaError, UnsupportedMediaError
from reelworks.media.inspect import duration
from reelworks.media.inspect.duration import RangeStream, file_duration, object_duration
from reelworks.media.inspect.probe import probe


class Ranges:
    """A file that is read in ranges, as an object in S3."""

    def __init__(self, path: Path) -> None:
        self.content = path.read_bytes()
        self.given = 0

    def __call__(self, start: int, length: int) -> bytes:
        self.given += length
        return self.content[start : start + length]

    def stream(self) -> RangeStream:
        return RangeStream(self, len(self.content))


@pytest.mark.parametrize("name", ["video/nasa_13013.mp4", "odd/no_audio.mp4", "odd/audio_only.m4a"])
def test_an_object_tells_what_the_file_tells(media: Path, name: str) -> None:
    ranges = Ranges(media / name)

    found = object_duration(ranges.stream(), name)
    assert found == file_duration(media / name)
    tracks = [*probe(media / name).video_tracks, *probe(media / name).audio_tracks]
    assert found == pytest.approx(max(track.duration or 0 for track in tracks), abs=0.3)


def test_only_a_part_of_a_large_object_is_read(media: Path, monkeypatch) -> None:
    ranges = Ranges(media / "video" / "nasa_13013.mp4")
    ranges.content += bytes(64 << 20)  # a tail that players pass over
    assert object_duration(ranges.stream(), "large.mp4") is not None
    assert ranges.given < duration.MAX_BYTES


def test_a_header_that_is_not_found_in_time_is_unknown(media: Path, monkeypatch) -> None:
    monkeypatch.setattr(duration, "MAX_BYTES", 100 << 10)
    monkeypatch.setattr(duration, "_BLOCK", 4 << 10)
    ranges = Ranges(media / "video" / "nasa_13013.mp4")
    ranges.content = bytes(8) + ranges.content[8:]  # nothing at the start says what it is
    try:
        assert object_duration(ranges.stream(), "far.mp4") is None
    except UnsupportedMediaError:
        assert ranges.given <= 200 << 10


def test_a_playlist_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.mp4"
    path.write_text("#EXTM3U\nfile:///etc/passwd\n")
    with pytest.raises(UnsafeMediaError, match="HLS playlist"):
        object_duration(Ranges(path).stream(), "list.mp4")


def test_what_is_no_media_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("hello " * 999)
    with pytest.raises(UnsupportedMediaError, match=r"text\.mp4 is not a readable video"):
        object_duration(Ranges(path).stream(), "text.mp4")


def test_reading_goes_where_it_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "bytes"
    path.write_bytes(bytes(range(256)) * 4096)
    stream = Ranges(path).stream()

    assert stream.seek(-3, 2) == (1 << 20) - 3
    assert stream.read(9) == bytes([253, 254, 255])
    assert stream.read(1) == b""
    assert stream.seek(1000) == stream.tell() == 1000
    assert stream.read(2) == bytes([1000 % 256, 1001 % 256])
    assert (stream.readable(), stream.seekable()) == (True, True)
