"""Picture size as a file's first bytes state it: nothing is opened or decoded.

ffmpeg refuses a picture that is too large with whatever error comes first ("invalid data",
"resource busy"), after it has reserved memory for it; the header shows the true reason before.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from reelworks.errors import UnsupportedMediaError

MAX_PIXELS = 268_000_000
"""What ffmpeg's decoders take at most: a picture with its margins of 2^31 / 8 pixels."""

PictureSize = tuple[int, int]
_Readers = tuple[Callable[[bytes], PictureSize | None], ...]
_Y4M = re.compile(rb"YUV4MPEG2(?: [^ \n]*)*\n")
_PNG = b"\x89PNG\r\n\x1a\n"
_MATROSKA = b"\x1a\x45\xdf\xa3"
_PIXEL_WIDTH, _PIXEL_HEIGHT = b"\xb0", b"\xba"
_VIDEO_ELEMENT = b"\xe0"


def stated_size(head: bytes, *, only_exact: bool = False) -> PictureSize | None:
    """Return width and height that ``head`` (a file's first bytes) states; None when it does not.

    With ``only_exact`` None also for containers whose streams have a size of their own, which the
    decoder believes rather than the container.
    """
    exact: _Readers = (_y4m, _png, _gif)
    loose: _Readers = () if only_exact else (_avi, _ivf, _matroska)
    for read in (*exact, *loose):
        size = read(head)
        if size is not None:
            return size
    return None


def check_decodable(shown: str, size: PictureSize | None) -> None:
    """Raise ``UnsupportedMediaError`` for a picture of a size that no decoder takes."""
    if size is not None and size[0] * size[1] > MAX_PIXELS:
        raise UnsupportedMediaError(
            f"{shown} declares a frame of {size[0]}x{size[1]}, {size[0] * size[1] / 1e6:.0f} "
            "megapixels, too large for any decoder; scale it down."
        )


def _y4m(head: bytes) -> PictureSize | None:
    line = _Y4M.match(head)
    if line is None:
        return None
    fields = {one[:1]: one[1:] for one in line[0].split()[1:]}
    try:
        return int(fields[b"W"]), int(fields[b"H"])
    except (KeyError, ValueError):
        return None


def _png(head: bytes) -> PictureSize | None:
    return _unpacked(">II", head, 16) if head.startswith(_PNG) else None


def _gif(head: bytes) -> PictureSize | None:
    return _unpacked("<HH", head, 6) if head[:6] in (b"GIF87a", b"GIF89a") else None


def _ivf(head: bytes) -> PictureSize | None:
    return _unpacked("<HH", head, 12) if head.startswith(b"DKIF") else None


def _avi(head: bytes) -> PictureSize | None:
    """Return the largest size of the list ``hdrl``: of the file, or of a video stream."""
    if head[:4] != b"RIFF" or head[8:12] != b"AVI ":
        return None
    sizes = [_unpacked("<II", head, found.start() + 40) for found in re.finditer(b"avih", head)]
    for found in re.finditer(rb"strf....\x28\0\0\0", head, re.DOTALL):
        size = _unpacked("<Ii", head, found.start() + 12)
        sizes.append(size and (size[0], abs(size[1])))  # negative: its lines go downwards
    return _largest(sizes)


def _matroska(head: bytes) -> PictureSize | None:
    """Return the largest size of the track entries' element ``Video``."""
    if not head.startswith(_MATROSKA):
        return None
    return _largest([_matroska_video(head, at.end()) for at in re.finditer(_VIDEO_ELEMENT, head)])


def _matroska_video(head: bytes, at: int) -> PictureSize | None:
    """Read the elements of ``Video`` that begin at ``at`` with its length; None for others."""
    length, at = _number(head, at)
    if not 0 < length <= 512:
        return None
    end, found = at + length, dict[bytes, int]()
    while at < end:
        width = 9 - head[at].bit_length() if at < len(head) else 0
        name = head[at : at + width]
        size, at = _number(head, at + width)
        if not name or size < 0 or at + size > end:
            return None
        found[name] = int.from_bytes(head[at : at + size], "big")
        at += size
    if _PIXEL_WIDTH in found and _PIXEL_HEIGHT in found:
        return found[_PIXEL_WIDTH], found[_PIXEL_HEIGHT]
    return None


def _number(head: bytes, at: int) -> tuple[int, int]:
    """Return an EBML number and where it ends; -1 when there is none."""
    if at >= len(head) or head[at] == 0:
        return -1, at
    length = 9 - head[at].bit_length()
    value = int.from_bytes(head[at : at + length], "big") & ((1 << 7 * length) - 1)
    return value, at + length


def _unpacked(form: str, head: bytes, at: int) -> PictureSize | None:
    if len(head) < at + struct.calcsize(form):
        return None
    width, height = struct.unpack_from(form, head, at)
    return int(width), int(height)


def _largest(sizes: list[PictureSize | None]) -> PictureSize | None:
    return max((one for one in sizes if one), key=lambda one: one[0] * one[1], default=None)
