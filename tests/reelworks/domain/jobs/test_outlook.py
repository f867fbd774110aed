"""Estimates of how long jobs take, from jobs that were done."""

from __future__ import annotations

import pytest

from reelworks.domain.jobs.outlook import Pace, WorkAhead, WorkDone, WorkRunning

TWICE = Pace.of([WorkDone(20, 10), WorkDone(80, 40), WorkDone(50, None)])
"""Two seconds of work for each second of video; 50 seconds for a video of unknown length."""


def test_without_a_job_that_was_done_there_is_no_pace() -> None:
    assert Pace.of([]) is None


def test_work_follows_the_length_of_the_video_where_it_is_known() -> None:
    assert TWICE == Pace(50, 2)
    assert (TWICE.seconds_of(30), TWICE.seconds_of(None)) == (60, 50)
    assert TWICE.seconds_ahead(WorkAhead(3, 100, 2)) == 250
    assert Pace(50, None).seconds_ahead(WorkAhead(3, 100, 2)) == 150


@pytest.mark.parametrize(
    ("elapsed", "share", "left"),
    [(0, 0.0, 60), (45, 0.9, 15), (90, 0.75, 30), (90, 0.0, None), (60, 1.0, 0)],
)
def test_a_running_job_has_what_is_left_of_its_time(
    elapsed: float, share: float, left: float | None
) -> None:
    assert TWICE is not None
    assert TWICE.seconds_left(WorkRunning(elapsed, 30, share)) == left
