"""Cut lists: pieces of videos to be put one after the other in an editing program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reelworks.domain.library.search import Moment
from reelworks.errors import InputError

LONGEST_HANDLE = 3600.0


@dataclass(frozen=True, slots=True)
class Cut:
    """A piece of a video; times are seconds from its first frame."""

    video_id: str
    title: str
    source: str
    """Where the video came from: a path, an address or a key."""
    t_in: float
    t_out: float
    has_picture: bool
    note: str = ""
    """What was found there."""


def cuts_of(moments: Sequence[Moment], *, handles: float = 0.0) -> list[Cut]:
    """Return one cut for each moment, in order, with ``handles`` seconds more on either side.

    A cut never begins before its video nor ends after it. Raises ``InputError`` for handles below
    0 or above an hour.
    """
    if not 0 <= handles <= LONGEST_HANDLE:
        raise InputError(f"Handles of {handles} seconds are out of range: use 0 to 3600.")
    return [_cut(moment, handles) for moment in moments]


def _cut(moment: Moment, handles: float) -> Cut:
    end = moment.t_end + handles
    return Cut(
        video_id=moment.video_id,
        title=moment.title,
        source=moment.source,
        t_in=max(0.0, moment.t_start - handles),
        t_out=end if moment.duration is None else max(moment.t_end, min(end, moment.duration)),
        has_picture=moment.frame_id is not None,
        note=moment.best.excerpt.text,
    )
