"""Progress bars of long operations, on stderr and only in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from reelworks.app.cli import output
from reelworks.app.cli.output import format_dollars
from reelworks.domain.jobs.backfill import Backfill
from reelworks.domain.jobs.job import JobStatus


@contextmanager
def scan_progress(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show how many files of a folder or S3 prefix were read; call it with done and total."""
    with _bar(quiet=quiet) as bar:
        task = bar.add_task("reading files", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def backfill_progress(*, quiet: bool) -> Iterator[Callable[[Backfill], None]]:
    """Show how many videos of a backfill are over; call it with the backfill's current state."""
    with _bar(quiet=quiet) as bar:
        task = bar.add_task("backfill", total=None)

        def show(one: Backfill) -> None:
            bar.update(
                task,
                description=backfill_text(one),
                completed=one.total - one.left,
                total=one.total,
            )

        yield show


def backfill_text(one: Backfill) -> str:
    """Return the state of a backfill in a few words: status, failures, cost."""
    failed = one.jobs[JobStatus.FAILED]
    return f"{one.status.value}, {failed} failed, {format_dollars(one.cost)}"


def _bar(*, quiet: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=output.err,
        transient=True,
        disable=quiet or not output.err.is_terminal,
    )
