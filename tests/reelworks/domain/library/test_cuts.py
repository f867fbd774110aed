"""Cuts: moments with handles, never beyond their video."""

from __future__ import annotations

import pytest

from reelworks.domain.library.cuts import LONGEST_HANDLE, cuts_of
from reelworks.domain.library.search import Excerpt, Kind, Moment, SearchHit
from reelworks.errors import InputError


def moment(start: float, end: float, duration: float | None, frame: str | None = "f") -> Moment:
    best = SearchHit(
        id="h",
        video_id="v",
        title="Talk",
        kind=Kind.SPEECH,
        t_start=start,
        t_end=end,
        excerpt=Excerpt("the words"),
        reasons=(),
        score=1.0,
        frame_id=frame,
        frame_path=None,
        model="m",
    )
    return Moment("v", "Talk", "default", "/talk.mp4", duration, start, end, 1.0, (best,))


@pytest.mark.parametrize(
    ("start", "end", "duration", "handles", "cut"),
    [
        (5.0, 6.0, 60.0, 0.0, (5.0, 6.0)),
        (5.0, 6.0, 60.0, 2.0, (3.0, 8.0)),
        (1.0, 2.0, 60.0, 2.0, (0.0, 4.0)),
        (58.0, 59.5, 60.0, 2.0, (56.0, 60.0)),
        (58.0, 60.2, 60.0, 2.0, (56.0, 60.2)),
        (58.0, 59.0, None, 2.0, (56.0, 61.0)),
    ],
)
def test_a_cut_has_handles_inside_its_video(
    start: float, end: float, duration: float | None, handles: float, cut: tuple[float, float]
) -> None:
    (found,) = cuts_of([moment(start, end, duration)], handles=handles)
    assert (found.t_in, found.t_out) == cut
    assert (found.source, found.note, found.has_picture) == ("/talk.mp4", "the words", True)


def test_sound_alone_has_no_picture() -> None:
    assert cuts_of([moment(0.0, 1.0, 2.0, frame=None)])[0].has_picture is False


@pytest.mark.parametrize("handles", [-0.1, LONGEST_HANDLE + 1, float("nan")])
def test_handles_out_of_range_are_refused(handles: float) -> None:
    with pytest.raises(InputError, match="out of range"):
        cuts_of([], handles=handles)
