"""Magic bytes of files that are not media."""

from __future__ import annotations

from reelworks.errors import UnsafeMediaError, UnsupportedMediaError
from reelworks.media.inspect.sniff import script_kind
from reelworks.media.inspect.still_pictures import picture_kind

_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"\x00asm", "a program"),
    (b"#!", "a script"),
    (b"SQLite format 3", "a database"),
)
_AMR = b"#!AMR"
"""Voice memos begin like a script (RFC 4867, section 5)."""
_TEXT_LOOKED_AT = 4096
_CONTROL_BYTES = frozenset({*range(0x20), 0x7F} - set(b"\t\n\f\r\x1b"))


def foreign_kind(head: bytes) -> str | None:
    """Name the kind of a file by ``head`` (its first bytes) when it is no media, or None."""
    if head.startswith(_AMR):
        return None
    picture = picture_kind(head)
    if picture is not None:
        return f"a still picture ({picture})"
    for mark, kind in _MARKS:
        if head.startswith(mark):
            return kind
    return "text" if _is_text(head[:_TEXT_LOOKED_AT]) else None


def looks_like_text(head: bytes) -> bool:
    """Tell whether ``head`` (a file's first bytes) is text in any encoding: no control bytes.

    A file without a byte is text, too.
    """
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16
        head = head.replace(b"\0", b"")
    return not _CONTROL_BYTES.intersection(head)


def check_head(head: bytes, name: str) -> None:
    """Refuse a file by its first bytes, whatever its name and stated type say.

    What passes may still be no media: only decoding shows. Raises ``UnsupportedMediaError`` for an
    empty file and for any other kind of file, ``UnsafeMediaError`` for scripts and playlists.
    """
    if not head:
        raise UnsupportedMediaError(f"{name} is empty; upload it again.")
    script = script_kind(head)
    if script is not None:
        raise UnsafeMediaError(
            f"{name} is {script}, which could open other files or hosts; give the video itself."
        )
    kind = foreign_kind(head)
    if kind is not None:
        raise UnsupportedMediaError(f"{name} is {kind}, not a video or audio file.")


def _is_text(head: bytes) -> bool:
    """True for UTF-8 without control characters: no container of media looks like that."""
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # not just a letter that was cut in two
            return False
        text = head[: error.start].decode()
    return all(letter.isprintable() or letter in "\t\r\n\f" for letter in text)
