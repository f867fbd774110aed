"""Printable text: control characters of file names, titles and recognised words replaced."""

from __future__ import annotations

import re

REPLACEMENT = "\ufffd"

# Control characters (C0 but tab and line feed, DEL, C1), marks that turn the direction of what
# follows, and halves of surrogate pairs, which Python makes of file names that are not UTF-8.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BREAKS = re.compile(r"[\t\n\u2028\u2029]")


def printable(text: str) -> str:
    """Replace what could steer a terminal by U+FFFD, one for one; tabs and line feeds stay."""
    return _UNPRINTABLE.sub(REPLACEMENT, text)


def one_line(text: str) -> str:
    """Return ``printable(text)`` with a space for each tab and line break; as long as ``text``."""
    return _BREAKS.sub(" ", printable(text))
