"""Scripts and playlists are refused before any media reader sees them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.errors import (
    SourceNotFoundError,
    SourceUnreadableError,
    UnsafeMediaError,
    UnsupportedMediaError,
)
from reelworks.media.inspect.sniff import check_source, script_kind

SCRIPTS = [
    b"#EXTM3U\nfile:///etc/passwd\n",
    b"#EXT-X-TARGETDURATION:10\n",
    b"ffconcat version 1.0\nfile /etc/passwd",
    b"FFCONCAT  VERSION 1.0\n",
    b"file '/etc/passwd'\n",
    b"# a comment first\n\n# another\nfile /etc/passwd\n",
    b"[playlist]\nFile1=http://example.com/x.mp4\n",
    b"[Reference]\nRef1=http://example.com/x.mp4\n",
    b"<ASX version='3'>",
    b"<?xml version='1.0'?><MPD/>",
    b"<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'>",
    b"<SmoothStreamingMedia>",
    b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n",
    b"RTSPtext\nrtsp://example.com/x",
    b"http://example.com/video.mp4",
    b"concat:/etc/passwd|/etc/group",
]


@pytest.mark.parametrize("head", SCRIPTS)
@pytest.mark.parametrize("lead", [b"", b"\n \t\r\n", b"\xef\xbb\xbf"])
def test_scripts_are_known_behind_blanks_and_marks(head: bytes, lead: bytes) -> None:
    assert script_kind(lead + head) is not None


def test_utf16_does_not_hide_a_script() -> None:
    assert script_kind("#EXTM3U\nx\n".encode("utf-16")) is not None


@given(st.binary(max_size=200))
def test_any_bytes_can_be_judged(head: bytes) -> None:
    script_kind(head)


@pytest.mark.parametrize("name", ["video/counter.mp4", "speech/jfk.flac", "odd/audio_only.m4a"])
def test_real_media_passes(media: Path, name: str) -> None:
    check_source(media / name)


@pytest.mark.parametrize("name", ["hls_local_file.mp4", "concat_script.mp4"])
def test_hostile_files_are_refused_by_name(media: Path, name: str) -> None:
    with pytest.raises(UnsafeMediaError, match=name):
        check_source(media / "hostile" / name)


def test_what_is_not_there_or_no_file(media: Path) -> None:
    with pytest.raises(SourceNotFoundError, match=r"gone\.mp4 does not exist"):
        check_source(media / "gone.mp4")
    with pytest.raises(SourceNotFoundError):
        check_source(media / "video" / "counter.mp4" / "below")
    with pytest.raises(SourceUnreadableError, match="is a folder"):
        check_source(media)
    with pytest.raises(UnsupportedMediaError, match=r"empty\.mp4 is empty"):
        check_source(media / "odd" / "empty.mp4")


@given(
    st.sampled_from(SCRIPTS),
    st.lists(st.from_regex(rb"#[ -~]{0,20}|[ \t]{0,5}", fullmatch=True), max_size=5),
)
def test_comments_and_blank_lines_do_not_hide_a_script(script: bytes, lines: list[bytes]) -> None:
    assert script_kind(b"".join(line + b"\n" for line in lines) + script) is not None


@given(st.sampled_from(["utf-16-le", "utf-16-be"]), st.sampled_from(SCRIPTS))
def test_neither_byte_order_hides_a_script(encoding: str, script: bytes) -> None:
    assert script_kind(("\ufeff" + script.decode()).encode(encoding)) is not None
