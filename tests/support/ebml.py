"""EBML, the form of Matroska files (RFC 8794): elements changed in place."""

from __future__ import annotations

from collections.abc import Sequence


def append_to_element(data: bytearray, path: Sequence[bytes], extra: bytes) -> None:
    """Append ``extra`` to the content of the first element at ``path`` (ids, outermost first).

    The sizes of the elements on the path grow; one of unknown size stays as it is.
    """
    at, size, spots = 0, 0, []
    for wanted in path:
        at, size, spot = _find(data, at, wanted)
        spots.append(spot)
    end = at + size
    data[end:end] = extra
    for spot in reversed(spots):
        size, length = _number(data, spot)
        if size != (1 << 7 * length) - 1:
            grown = (size + len(extra)) | 1 << 7 * length
            data[spot : spot + length] = grown.to_bytes(length, "big")


def _find(data: bytearray, at: int, wanted: bytes) -> tuple[int, int, int]:
    """Return where an element's content begins, its size, and where that size is written."""
    while True:
        name = bytes(data[at : at + 9 - data[at].bit_length()])
        spot = at + len(name)
        size, length = _number(data, spot)
        if name == wanted:
            return spot + length, size, spot
        at = spot + length + size


def _number(data: bytearray, at: int) -> tuple[int, int]:
    """Return a number of variable size, and its length in bytes."""
    length = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + length], "big")
    return value & ((1 << 7 * length) - 1), length
