"""Subtitle formats: transcripts as SubRip (SRT) and WebVTT text, and back.

Formats: WebVTT is the W3C's (https://www.w3.org/TR/webvtt1/); SRT has no standard, so the form
that players agree on is used: counted cues, commas before the milliseconds, blank lines between.
Both keep milliseconds, and neither keeps words, languages or speakers. Long texts are broken
into lines that fit the screen.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.media.formats.line_breaks import break_lines

_TIME = r"(?:(\d+):)?([0-5]\d):([0-5]\d)[.,](\d{3})"
_CUE_TIMES = re.compile(rf"^{_TIME}[ \t]+-->[ \t]+{_TIME}(?:[ \t].*)?$")
_VTT_TAG = re.compile(r"<[^>]*>")
_LINE_BREAKS = re.compile(r"\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_SHORTEST_CUE = 0.02
"""Seconds; half a frame, and more than the rounding to milliseconds takes away."""
_UNWRITABLE = re.compile(r"[\x00-\x08\x0e-\x1b\x1f\ud800-\udfff]")


def to_srt(transcript: Transcript) -> str:
    """Write a transcript as SRT; no segments give an empty file, which is valid.

    ``-->`` inside a text would end a cue for many players; it becomes ``→``.
    """
    return "\n".join(
        f"{number}\n{_span(cue, ',')}\n{cue.text.replace('-->', '→')}\n"
        for number, cue in enumerate(_cues(transcript), start=1)
    )


def to_vtt(transcript: Transcript) -> str:
    """Write a transcript as WebVTT; no segments give the header alone, which is valid."""
    cues = (
        f"\n{_span(cue, '.')}\n{html.escape(cue.text, quote=False)}\n" for cue in _cues(transcript)
    )
    return "WEBVTT\n" + "".join(cues)


def from_srt(text: str) -> tuple[Segment, ...]:
    """Read SRT; what is no cue is skipped."""
    return tuple(Segment(start, end, "\n".join(lines)) for start, end, lines in _blocks(text))


def from_vtt(text: str) -> tuple[Segment, ...]:
    """Read WebVTT; notes, styles, cue settings and markup are left out."""
    return tuple(
        Segment(start, end, html.unescape(_VTT_TAG.sub("", "\n".join(lines))))
        for start, end, lines in _blocks(text)
    )


def timestamp(seconds: float, mark: str = ".") -> str:
    """Write a time as ``HH:MM:SS.mmm``, rounded to the nearest millisecond, never below 0."""
    milliseconds = max(0, round(seconds * 1000))
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}{mark}{rest % 1000:03d}"


def _span(cue: Segment, mark: str) -> str:
    return f"{timestamp(cue.t_start, mark)} --> {timestamp(cue.t_end, mark)}"


def _cues(transcript: Transcript) -> Iterator[Segment]:
    """Yield the segments whose text can be shown, in lines that fit and for some time.

    Blank lines, which end a cue, are left out. Transcripts of earlier versions may have segments
    of no length, which the formats forbid.
    """
    for segment in transcript.segments:
        lines = (_UNWRITABLE.sub("", line).strip() for line in _LINE_BREAKS.split(segment.text))
        text = "\n".join(part for line in lines if line for part in break_lines(line))
        if text:
            end = max(segment.t_end, segment.t_start + _SHORTEST_CUE)
            yield Segment(segment.t_start, end, text)


def _blocks(text: str) -> Iterator[tuple[float, float, list[str]]]:
    lines = iter(re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff")))
    for line in lines:
        times = _CUE_TIMES.match(line.strip())
        if times:
            parts = times.groups(default="0")
            yield _seconds(parts[:4]), _seconds(parts[4:]), list(_until_blank(lines))


def _until_blank(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if not line.strip():
            return
        yield line


def _seconds(parts: tuple[str, ...]) -> float:
    hours, minutes, seconds, milliseconds = (int(part) for part in parts)
    return (((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds) / 1000
