"""Crash reports: what a user reads, and what the file holds."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from reelworks.app.cli.crash_report import write_crash_report
from reelworks.errors import OutOfResourcesError


def failed(error: Exception) -> Exception:
    try:
        raise error
    except Exception as raised:  # noqa: BLE001 - with its traceback
        return raised


def test_the_traceback_goes_to_a_file_and_the_user_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    for number in range(2):
        said = write_crash_report(failed(ValueError(f"number {number}")))

    report = tmp_path / "logs" / "fault.log"
    assert str(said) == f"Unexpected internal error; please report it with the file {report}."
    written = report.read_text()
    assert written.count("Traceback") == 2
    assert "ValueError: number 0" in written
    assert "raise error" in written
    assert report.parent.stat().st_mode & 0o077 == 0


def test_where_no_file_can_be_written_the_last_line_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logs").write_text("a file where a folder must be")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))

    said = write_crash_report(failed(ValueError("why")))

    assert str(said).endswith("please report it with this line: ValueError: why.")


def test_a_machine_that_has_run_out_of_something_is_no_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))

    said = write_crash_report(failed(OSError(errno.EMFILE, "Too many open files")))

    assert isinstance(said, OutOfResourcesError)
    assert not (tmp_path / "logs").exists()
