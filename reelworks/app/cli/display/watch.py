"""Progress of a run in a terminal: a bar for each stage, then a table."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from reelworks.app.cli import output
from reelworks.domain.jobs.report import StageReport, StageState

_COLOURS = {
    StageState.DONE: "green",
    StageState.CACHED: "cyan",
    StageState.RETRIED: "yellow",
    StageState.FAILED: "red",
}


class Watch:
    """An observer that collects the stages' reports and updates their progress bars."""

    def __init__(self, progress: Progress | None) -> None:
        self.reports: list[StageReport] = []
        self._progress = progress
        self._bars: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def started(self, stage: str) -> None:
        """Show the stage's bar."""
        if self._progress is None:
            return
        with self._lock:
            if stage in self._bars:
                self._progress.reset(self._bars[stage])
            else:
                self._bars[stage] = self._progress.add_task(stage, total=None)

    def placed(self, stage: str, where: str) -> None:
        """Show next to the stage's name where it runs, or what it waits for."""
        if self._progress is not None and stage in self._bars:
            text = escape(f"{stage} ({where})")
            self._progress.update(self._bars[stage], description=text)

    def advanced(self, stage: str, done: float, total: float) -> None:
        """Update the stage's bar."""
        if self._progress is not None and stage in self._bars and total > 1:
            self._progress.update(self._bars[stage], completed=done, total=total)

    def finished(self, report: StageReport) -> None:
        """Complete the stage's bar and store its report."""
        with self._lock:
            self.reports.append(report)
        if self._progress is not None and report.stage in self._bars:
            colour = _COLOURS[report.state]
            self._progress.update(
                self._bars[report.stage],
                description=f"[{colour}]{report.stage}[/]",
                completed=1,
                total=1,
            )


@contextmanager
def watch_stages(*, quiet: bool) -> Iterator[Watch]:
    """Show the stages of a run on stderr; ``quiet`` only collects their reports."""
    if quiet:
        yield Watch(None)
        return
    progress = Progress(
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=output.err,
        transient=True,
        disable=not output.err.is_terminal,
    )
    with progress:
        yield Watch(progress)


def stage_table(reports: list[StageReport]) -> Table:
    """Return the closing table of one run; the column ``ran on`` only if a worker ran a stage."""
    ran_on = ["ran on"] if any(report.ran_on for report in reports) else []
    table = output.table("stage", "state", "#seconds", "#items", "", "model", *ran_on)
    for report in reports:
        colour = _COLOURS[report.state]
        table.add_row(
            report.stage,
            Text(report.state.value, style=colour),
            f"{report.seconds:.2f}",
            "" if report.state is StageState.FAILED else str(report.items),
            report.unit,
            report.model or "",
            *(report.ran_on or "" for _ in ran_on),
        )
    return table
