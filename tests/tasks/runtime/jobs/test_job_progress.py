"""What a job's row shows of its stages."""

from __future__ import annotations

from typing import Any

import pytest

from reelworks.domain.jobs.report import StageReport, StageState
from tasks.runtime.jobs.job_progress import JobProgress


class Recorder:
    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *values: self.calls.append((name, *values))


@pytest.fixture
def progress() -> JobProgress:
    return JobProgress(Recorder())


def test_each_report_changes_its_stage_and_goes_on_to_the_next_observer(
    progress: JobProgress,
) -> None:
    report = StageReport("vision", StageState.DONE, 1.5, 7, "frames", "m", ("One was lost.",))
    progress.started("vision")
    progress.placed("vision", "waits for the pool gpu")
    progress.advanced("vision", 3, 7)
    progress.advanced("vision", 7, 7)
    progress.finished(report)

    one = progress.snapshot()["vision"]
    assert (one.state, one.done, one.total, one.seconds) == ("done", 7, 7, 1.5)
    assert (one.items, one.unit, one.model, one.note) == (7, "frames", "m", "One was lost.")
    assert [name for name, *_ in progress.next.calls] == [
        *("started", "placed", "advanced", "advanced", "finished")
    ]
    assert progress.next.calls[-1] == ("finished", report)


def test_a_stage_that_begins_again_starts_at_nothing_and_keeps_its_note(
    progress: JobProgress,
) -> None:
    progress.placed("vision", "in the pool gpu")
    progress.advanced("vision", 3, 7)
    progress.started("vision")
    one = progress.snapshot()["vision"]
    assert (one.state, one.done, one.total, one.note) == ("running", 0, 0, "in the pool gpu")


def test_a_snapshot_clears_the_mark_of_a_change_and_stays_as_it_is(progress: JobProgress) -> None:
    assert not progress.changed.is_set()
    progress.started("a")
    assert progress.changed.is_set()
    before = progress.snapshot()
    assert not progress.changed.is_set()
    progress.started("b")
    assert set(before) == {"a"}


def test_the_stage_that_failed_is_the_one_given_up(progress: JobProgress) -> None:
    progress.started("ingest")
    assert progress.failed_stage is None
    progress.finished(StageReport("ingest", StageState.RETRIED, 1, 1, "files"))
    progress.finished(StageReport("vision", StageState.FAILED, 1, 0, "frames", reason="No."))
    assert progress.failed_stage == "vision"
