"""Progress goes forward, whatever is measured, and is stored with its job."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.jobs.progress import StageProgress, forward, progress_of
from reelworks.domain.jobs.report import StageReport, StageState

amounts = st.floats(0, 1e9)
progresses = st.builds(
    StageProgress,
    st.sampled_from(["running", *StageState]).map(str),
    amounts,
    amounts,
    st.none() | amounts,
    st.none() | st.integers(0, 10**6),
    st.none() | st.text(),
    st.none() | st.text(),
    st.none() | st.text(),
)


@given(st.lists(st.floats(0, 1e9)))
def test_what_is_reported_never_goes_back_and_always_is_the_furthest(measured):
    reported: list[float] = []
    report = forward(lambda done, _: reported.append(done))

    for one in measured:
        report(one, 1e9)

    assert reported == [max(measured[: index + 1]) for index in range(len(measured))]


@given(progresses)
def test_progress_survives_the_row_of_a_job(progress: StageProgress) -> None:
    assert StageProgress.from_json(json.loads(json.dumps(progress.to_json()))) == progress
    assert 0.0 <= progress.share <= 1.0


def test_a_running_stage_stores_what_is_known() -> None:
    running = StageProgress(done=3.0, total=4.0)
    assert running.to_json() == {"state": "running", "done": 3.0, "total": 4.0}
    assert (running.is_running, running.share) == (True, 0.75)


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({"state": "failed", "note": "It is empty."}, StageProgress("failed", note="It is empty.")),
        (
            {"state": "done", "model": None, "note": None, "items": 2, "unit": "frames"},
            StageProgress("done", items=2, unit="frames"),
        ),
        ({"state": "done", "done": None, "added later": 1}, StageProgress("done")),
        ({}, StageProgress()),
        ("odd", StageProgress("odd")),
    ],
)
def test_what_other_releases_and_people_store_is_read(
    stored: object, expected: StageProgress
) -> None:
    assert progress_of({"vision": stored}) == {"vision": expected}


@pytest.mark.parametrize("stored", [None, [], "x", 3])
def test_a_value_that_is_not_an_object_has_no_stages(stored: object) -> None:
    assert progress_of(stored) == {}


def test_a_stage_that_ended_says_how() -> None:
    report = StageReport(
        "vision", StageState.FAILED, 1.23456, 2, "frames", "openai/m", ("One.",), "Two."
    )
    ended = StageProgress.of_report(report, done=1.0, total=2.0)
    assert ended == StageProgress("failed", 1.0, 2.0, 1.235, 2, "frames", "openai/m", "One. Two.")
    assert (ended.share, StageProgress("cached").share) == (0.5, 1.0)
