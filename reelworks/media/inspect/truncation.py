"""Truncation: whether a file ends before its container says so, as one does while it is copied.

Read are the sizes that the container states, never the media: boxes of MP4 and MOV (ISO/IEC
14496-12, 4.2), the segment of Matroska and WebM (RFC 8794, 6; RFC 9559, 5.1), the chunk of WAV and
AVI (RIFF). Other formats state none.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

_MOST_BOXES = 10_000
"""Top-level boxes that are looked at: a fragmented hour has some thousands."""
_FIRST_BOXES = frozenset((b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp"))
_EBML, _SEGMENT = 0x1A45DFA3, 0x18538067
_RIFF_UNKNOWN = frozenset((0, 0xFFFFFFFF))
"""Sizes that a recorder writes which does not know yet."""


def missing_bytes(path: Path) -> int:
    """Return how many bytes a file lacks of what its container states, 0 when none or not known.

    Raises ``OSError``.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(12)
        stream.seek(0)
        return max(0, _stated_end(head)(stream, size) - size)


def _stated_end(head: bytes) -> Callable[[BinaryIO, int], int]:
    if head[4:8] in _FIRST_BOXES:
        return _end_of_boxes
    if head[:4] == _EBML.to_bytes(4, "big"):
        return _end_of_segment
    if head[:4] == b"RIFF" and head[8:12] in (b"WAVE", b"AVI "):
        return _end_of_riff
    return lambda _, size: size


def _end_of_boxes(stream: BinaryIO, size: int) -> int:
    at = 0
    for _ in range(_MOST_BOXES):
        stream.seek(at)
        head = stream.read(16)
        if len(head) < 8:
            return size if at == size or not head.strip(b"\0") else at + 8
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length < 8 or not head[4:8].isascii():  # 0: to the end; else no box, and no statement
            return size
        at += length
        if at >= size:
            return at
    return size


def _end_of_segment(stream: BinaryIO, size: int) -> int:
    at = 0
    for _ in range(3):  # the header, perhaps a filler, the segment
        stream.seek(at)
        head = stream.read(12)
        id_length = _vint_length(head, most=4)
        length_bytes = _vint_length(head[id_length:], most=8)
        end = id_length + length_bytes
        if not id_length or not length_bytes or len(head) < end:
            return size
        bits = 7 * length_bytes
        length = int.from_bytes(head[id_length:end], "big") & ((1 << bits) - 1)
        if length == (1 << bits) - 1:  # unknown: written live
            return size
        at += end + length
        if int.from_bytes(head[:id_length], "big") == _SEGMENT:
            return at
    return size


def _vint_length(data: bytes, *, most: int) -> int:
    """Return how many bytes a variable-size integer takes, 0 when there is none."""
    length = 9 - data[0].bit_length() if data else 0
    return length if length <= most else 0


def _end_of_riff(stream: BinaryIO, size: int) -> int:
    length = int.from_bytes(stream.read(8)[4:8], "little")
    return size if length in _RIFF_UNKNOWN else length + 8
