"""Files that are no media are recognized by their first bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.errors import InputError, UnsafeMediaError, UnsupportedMediaError
from reelworks.media.inspect.magic import _MARKS, check_head, foreign_kind
from reelworks.media.inspect.probe import probe
from reelworks.media.inspect.sniff import HEAD_BYTES


def test_what_can_be_probed_passes(media):
    taken = 0
    for path in sorted(path for path in media.rglob("*") if path.is_file()):
        try:
            probe(path)
        except InputError:
            continue
        check_head(path.read_bytes()[:HEAD_BYTES], path.name)
        taken += 1
    assert taken > 5


@pytest.mark.parametrize("name", ["single_frame.ts", "single_frame.mov", "single_frame.mkv"])
def test_other_containers_pass(media, tmp_path, name):
    import av

    source, target = media / "odd" / "single_frame.mp4", tmp_path / name
    with av.open(str(source)) as reading, av.open(str(target), "w") as writing:
        stream = writing.add_stream_from_template(reading.streams.video[0])
        for packet in reading.demux(reading.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                writing.mux(packet)

    check_head(target.read_bytes()[:HEAD_BYTES], name)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"Just a letter.\n", "text"),
        ("Grüße 日本".encode(), "text"),
        ("ü".encode() * 2047 + "x日本".encode()[:2], "text"),
        (b"\x89PNG\r\n\x1a\n", "a still picture (PNG)"),
        (b"#!/bin/sh\n\0", "a script"),
        (b"#!AMR\n\x04\0", None),
        (b"#!AMR-WB\n\x04\0", None),
        (b"\x1f\x8b\x08\0", "a gzip file"),
        (b"\0\0\0\x20ftypisom", None),
        (b"\x1aE\xdf\xa3", None),
        (b"\xff\xfb\x90\x00", None),
        (b"G@\0\x10\0", None),
    ],
)
def test_kinds(head, kind):
    assert foreign_kind(head) == kind


def test_a_polyglot_counts_as_what_it_begins_as():
    with pytest.raises(UnsupportedMediaError, match="a ZIP archive"):
        check_head(b"PK\x03\x04" + b"\0\0\0\x20ftypisom", "a.mp4")
    with pytest.raises(UnsafeMediaError, match="an HLS playlist"):
        check_head(b"#EXTM3U\n\0\0\0\x20ftypisom", "a.mp4")


@given(st.sampled_from(_MARKS), st.binary(max_size=64))
def test_a_mark_decides_whatever_follows(mark, rest):
    assert foreign_kind(mark[0] + rest) is not None


@given(st.text(alphabet=st.characters(categories=["L", "N", "P"]), min_size=8), st.integers(0, 7))
def test_text_is_text_although_its_last_letter_is_cut(text, cut):
    head = text.encode()
    head = head[: len(head) - cut] if cut < 3 else head
    assert foreign_kind(head) is not None


@given(st.text(max_size=40), st.characters(categories=["Cc"], exclude_characters="\t\r\n\x0c"))
def test_a_control_character_is_no_text(text, control):
    head = f"{text}{control}{text}".encode(errors="replace")
    assert foreign_kind(head) in {None, *(kind for _, kind in _MARKS)}


@given(st.binary(max_size=200))
def test_any_bytes_pass_or_are_refused_in_one_line(head):
    try:
        check_head(head, "a.mp4")
    except InputError as error:
        assert str(error).startswith("a.mp4 is ") and len(str(error).splitlines()) == 1
