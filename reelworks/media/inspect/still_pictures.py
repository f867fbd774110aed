"""Still pictures by their first bytes: refused as such, and not as damaged videos."""

from __future__ import annotations

from reelworks.errors import UnsupportedMediaError

_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"8BPS", "Photoshop"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
)
_PNG = b"\x89PNG\r\n\x1a\n"
_BRANDS = {
    b"heic": "HEIC",
    b"heix": "HEIC",
    b"heim": "HEIC",
    b"heis": "HEIC",
    b"mif1": "HEIF",
    b"avif": "AVIF",
}
"""Major brands of ISO/IEC 23008-12 for single images; those of sequences are left out."""


def picture_kind(head: bytes) -> str | None:
    """Name the format of a still picture by ``head`` (its first bytes), or None."""
    for mark, kind in _MARKS:
        if head.startswith(mark):
            return kind
    if head.startswith(_PNG[:4]):
        return None if _is_animated_png(head) else "PNG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[:2] == b"BM" and head[6:10] == bytes(4) and len(head) > 14:
        return "BMP"
    return _BRANDS.get(head[8:12]) if head[4:8] == b"ftyp" else None


def still_picture_error(name: object, kind: str | None = None) -> UnsupportedMediaError:
    """Return the error for a still picture."""
    known = f" ({kind})" if kind else ""
    return UnsupportedMediaError(f"{name} is a still picture{known}, not a video or audio file.")


def _is_animated_png(head: bytes) -> bool:
    """True for APNG: its chunk ``acTL`` comes before the pixels (PNG, third edition, 11.3.6.1)."""
    return b"acTL" in head.partition(b"IDAT")[0]
