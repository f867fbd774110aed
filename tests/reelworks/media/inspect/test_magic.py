"""Files that are no media are recognized by their first bytes."""

from __future__ import annotations

import pytest

from reelworks.errors import InputError, UnsafeMediaError, UnsupportedMediaError
from reelworks.media.inspect.magic import check_head, foreign_kind
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
        (b"\x89PNG\r\n\x1a\n", "a picture"),
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
