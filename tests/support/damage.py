"""Damage to the embedded store's files, as a failing disk does it."""

from __future__ import annotations

from pathlib import Path


def flip_a_byte(data: Path, content: bytes) -> None:
    """Flip one bit in the volume file where these bytes lie, which must be one place at least."""
    found = 0
    for volume in data.glob("*.dat"):
        with volume.open("r+b") as file:
            at = file.read().find(content)
            if at >= 0:
                middle = at + len(content) // 2
                file.seek(middle)
                (old,) = file.read(1)
                file.seek(middle)
                file.write(bytes([old ^ 1]))
                found += 1
    assert found
