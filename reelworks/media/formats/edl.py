"""Edit decision lists (EDL) in CMX 3600, the format that every editing program reads.

The format: a title, the frame code mode, and for each
event a line of number, reel, channels, transition and four time codes, with comments after ``*``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from reelworks.domain.library.cuts import Cut
from reelworks.domain.printable import one_line
from reelworks.errors import InputError

FPS = 30
"""Frames a second; what an EDL counts by. Non-drop: time code is the time, on any source."""
MAX_EVENTS = 999
"""An event's number has three digits."""
RECORD_START = 3600 * FPS
"""The finished reel begins at 01:00:00:00, as is customary."""
DAY = 24 * 3600 * FPS
_TITLE_LENGTH = 70


def to_edl(cuts: Sequence[Cut], title: str) -> str:
    """Return cuts as an EDL of 30 frames a second, non-drop, one after the other.

    A cut covers every frame that it touches, and at least one. Each video has a reel name of its
    own: up to 8 capital letters and digits. Raises ``InputError`` for more than 999 cuts or for
    times of a day and more, which the format cannot hold.
    """
    if len(cuts) > MAX_EVENTS:
        raise InputError(f"An EDL holds 999 cuts, not {len(cuts)}; select fewer moments.")
    reels = reel_names([cut.video_id for cut in cuts])
    lines = [f"TITLE: {_plain(title)[:_TITLE_LENGTH]}", "FCM: NON-DROP FRAME", ""]
    record = RECORD_START
    for number, cut in enumerate(cuts, start=1):
        start = math.floor(round(cut.t_in * FPS, 6))
        end = max(start + 1, math.ceil(round(cut.t_out * FPS, 6)))
        times = (start, end, record, record + end - start)
        if max(times) >= DAY:
            raise InputError(
                f"The cut at {cut.t_in:.0f} seconds of {cut.video_id} lies beyond 24 hours, where "
                "an EDL's time code ends; select fewer moments or take JSON."
            )
        codes = " ".join(timecode(frames) for frames in times)
        channels = "B" if cut.has_picture else "A"
        lines += [f"{number:03d}  {reels[cut.video_id]:<8} {channels:<5} C        {codes}"]
        lines += _comments(cut)
        record = times[3]
    return "\n".join(lines) + "\n"


def timecode(frames: int) -> str:
    """Return a count of frames as ``hh:mm:ss:ff``."""
    seconds, frame = divmod(frames, FPS)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}:{frame:02d}"


def reel_names(video_ids: Sequence[str]) -> dict[str, str]:
    """Return a reel name for each video: the end of its id, numbered where two would be alike."""
    names: dict[str, str] = {}
    for video_id in dict.fromkeys(video_ids):
        stem = re.sub(r"[^A-Z0-9]", "", video_id.upper())[-8:] or "REEL"
        name, number = stem, 1
        while name in names.values():
            number += 1
            name = f"{stem[: 8 - len(str(number))]}{number}"
        names[video_id] = name
    return names


def _comments(cut: Cut) -> list[str]:
    fields = {
        "FROM CLIP NAME": cut.title,
        "SOURCE FILE": cut.source,
        "VIDEO ID": cut.video_id,
        "SECONDS": f"{cut.t_in:.3f} - {cut.t_out:.3f}",
        "NOTE": cut.note,
    }
    return [f"* {name}: {_plain(text)}" for name, text in fields.items() if text] + [""]


def _plain(text: str) -> str:
    return " ".join(one_line(text).split())
