"""Segment lengths: every segment ends after it begins, so that its cue can be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reelworks.domain.library.spelling import join_words
from reelworks.domain.video.transcript import Segment

MIN_SECONDS = 0.5
"""A shorter cue is a flash that no one can read; longer rests are the business of caption rules."""
_SHORTEST = 0.02
"""Seconds under which a segment has no place of its own and joins its neighbour: half a frame."""


def with_least_length(segments: Sequence[Segment], duration: float) -> tuple[Segment, ...]:
    """Give each segment at least ``MIN_SECONDS``, as far as its neighbours and the audio allow.

    A segment takes time after its end first, then before its start, and never any of another
    segment. One that finds no time at all is joined with its neighbour. ``segments`` are in order,
    ``duration`` is the audio's, in seconds; words keep their times.
    """
    queue = list(segments)
    result: list[Segment] = []
    for index, segment in enumerate(queue):
        is_last = index + 1 == len(queue)
        before = result[-1].t_end if result else 0.0
        longer = _prolonged(segment, before, duration if is_last else queue[index + 1].t_start)
        if longer.t_end - longer.t_start >= _SHORTEST or (is_last and not result):
            result.append(longer)
        elif result:
            result[-1] = _joined(result[-1], longer)
        else:
            queue[index + 1] = _joined(longer, queue[index + 1])
    return tuple(result)


def _prolonged(segment: Segment, before: float, after: float) -> Segment:
    start, end = segment.t_start, segment.t_end
    if end - start >= MIN_SECONDS:
        return segment
    end = max(end, min(start + MIN_SECONDS, after))
    start = min(start, max(end - MIN_SECONDS, before))
    return replace(segment, t_start=start, t_end=end)


def _joined(first: Segment, second: Segment) -> Segment:
    return replace(
        first,
        t_end=max(first.t_end, second.t_end),
        text=join_words([first.text, second.text]),
        words=(*first.words, *second.words) if first.words and second.words else (),
    )
