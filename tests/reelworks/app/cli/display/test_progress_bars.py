"""Progress of long operations, in a terminal and without one."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console

from reelworks.app.cli import output
from reelworks.app.cli.display.progress_bars import (
    backfill_progress,
    backfill_text,
    scan_progress,
)
from reelworks.domain.jobs.backfill import Backfill, BackfillStatus, Limits
from reelworks.domain.jobs.job import JobStatus
from reelworks.domain.library.selection import VideoSelection

BACKFILL = Backfill(
    "bf-1",
    VideoSelection(),
    Limits(),
    {},
    BackfillStatus.RUNNING,
    None,
    datetime(2026, 11, 27, tzinfo=UTC),
    None,
    dict.fromkeys(JobStatus, 0) | {JobStatus.DONE: 2, JobStatus.FAILED: 1, JobStatus.QUEUED: 4},
    Decimal("0.25"),
)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What is shown on a terminal of 80 columns."""
    shown = StringIO()
    monkeypatch.setattr(output, "err", Console(file=shown, force_terminal=True, width=80))
    return shown


def test_the_progress_of_a_backfill_is_status_failures_and_cost() -> None:
    assert backfill_text(BACKFILL) == "running, 1 failed, $0.2500"


def test_a_bar_shows_how_many_videos_are_over(terminal: StringIO) -> None:
    with backfill_progress(quiet=False) as show:
        show(BACKFILL)

    assert "running, 1 failed, $0.2500" in terminal.getvalue()
    assert "3/7" in terminal.getvalue()


def test_a_bar_shows_how_many_files_were_read(terminal: StringIO) -> None:
    with scan_progress(quiet=False) as progress:
        progress(3, 9)

    assert "reading files" in terminal.getvalue()
    assert "3/9" in terminal.getvalue()


def test_quiet_shows_nothing(terminal: StringIO) -> None:
    with scan_progress(quiet=True) as progress, backfill_progress(quiet=True) as show:
        progress(3, 9)
        show(BACKFILL)

    assert terminal.getvalue() == ""
