"""The observer of a run, and its closing table."""

from __future__ import annotations

from rich.progress import Progress

from reelworks.app.cli.display.watch import Watch, stage_table
from reelworks.domain.jobs.report import StageReport, StageState

DONE = StageReport("transcribe", StageState.DONE, 1.234, 12, "segments", "local/whisper@1")
FAILED = StageReport("vision", StageState.FAILED, 0.5, 0, "frames", reason="The disk is full.")


def cells(reports: list[StageReport]) -> list[list[str]]:
    return [[str(cell) for cell in column.cells] for column in stage_table(reports).columns]


def test_a_run_ends_with_a_row_for_each_stage():
    assert cells([DONE, FAILED]) == [
        ["transcribe", "vision"],
        ["done", "failed"],
        ["1.23", "0.50"],
        ["12", ""],
        ["segments", "frames"],
        ["local/whisper@1", ""],
    ]


def test_where_a_stage_ran_is_a_column_only_if_a_worker_ran_one():
    on_gpu = StageReport("vision", StageState.CACHED, 0.0, 3, "frames", ran_on="gpu, host-1")
    assert cells([DONE, on_gpu])[-1] == ["", "gpu, host-1"]


def test_reports_are_collected_without_a_terminal():
    watch = Watch(None)
    watch.started("transcribe")
    watch.placed("transcribe", "gpu")
    watch.advanced("transcribe", 1, 2)
    watch.finished(DONE)
    assert watch.reports == [DONE]


def test_each_stage_has_one_bar_that_is_full_at_its_end():
    progress = Progress(disable=True)
    watch = Watch(progress)
    watch.started("transcribe")
    watch.placed("transcribe", "gpu [red]")
    (task,) = progress.tasks
    assert task.description == r"transcribe (gpu \[red])"
    watch.advanced("transcribe", 3, 4)
    assert (task.completed, task.total) == (3, 4)
    watch.started("transcribe")  # another attempt
    assert len(progress.tasks) == 1
    watch.finished(DONE)
    assert (task.completed, task.total) == (1, 1)
    assert "transcribe" in task.description
