"""Content sniffing: scripts and playlists that would make a reader open other files or hosts."""

from __future__ import annotations

import re
from pathlib import Path

from reelworks.errors import (
    SourceNotFoundError,
    SourceUnreadableError,
    UnsafeMediaError,
    UnsupportedMediaError,
    exhausted,
)
from reelworks.media.inspect.still_pictures import picture_kind, still_picture_error

HEAD_BYTES = 64 * 1024

_SCRIPTS: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("an HLS playlist", re.compile(rb"#EXTM3U|#EXT-X-", re.IGNORECASE)),
    ("a concat script", re.compile(rb"ffconcat\s+version", re.IGNORECASE)),
    ("a concat script", re.compile(rb"file\s+\S", re.IGNORECASE)),
    ("a playlist", re.compile(rb"\[playlist\]|\[reference\]|<asx\b|rtsptext\b", re.IGNORECASE)),
    ("a session description", re.compile(rb"v=0\r?\n\s*o=", re.IGNORECASE)),
    ("an XML manifest", re.compile(rb"<(\?xml|!doctype|mpd|smil|smoothstreamingmedia)\b", re.I)),
    ("a link", re.compile(rb"(?:https?|ftp|rtsp|rtmp|file|concat|subfile):", re.IGNORECASE)),
)
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def script_kind(head: bytes) -> str | None:
    """Name the kind of script or playlist that ``head`` (a file's first bytes) begins, or None.

    Byte order marks, blanks and comment lines before the first real line do not hide it, and
    neither does UTF-16: its zero bytes are dropped first.
    """
    text = head
    for bom in _BOMS:
        text = text.removeprefix(bom)
    if b"\0" in text[:64] and text != head:
        text = text.replace(b"\0", b"")
    while text := text.lstrip():
        for kind, pattern in _SCRIPTS:
            if pattern.match(text):
                return kind
        if not text.startswith(b"#"):
            return None
        text = text.partition(b"\n")[2]
    return None


def check_source(path: Path) -> bytes:
    """Refuse a source before any media reader opens it, and return its first bytes.

    Raises ``SourceNotFoundError`` when there is no file, ``SourceUnreadableError`` when it may
    not be read or is a folder, ``UnsupportedMediaError`` when it is empty or a still picture, and
    ``UnsafeMediaError`` when it is a playlist or a script.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        raise SourceNotFoundError(f"{path} does not exist; check the name.") from None
    except IsADirectoryError:
        raise SourceUnreadableError(f"{path} is a folder, not a file; name a file in it.") from None
    except PermissionError:
        raise SourceUnreadableError(f"{path} may not be read; grant read permission.") from None
    except OSError as error:
        raise exhausted(error) or SourceUnreadableError(
            f"{path} cannot be read: {error.strerror}."
        ) from error
    if not head:
        raise UnsupportedMediaError(f"{path} is empty; upload it again.")
    picture = picture_kind(head)
    if picture is not None:
        raise still_picture_error(path, picture)
    kind = script_kind(head)
    if kind is not None:
        raise UnsafeMediaError(
            f"{path} is {kind}, which could open other files or hosts; give the video itself."
        )
    return head
