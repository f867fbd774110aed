"""Records in terminals of any width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from reelworks.app.cli import output
from reelworks.app.cli.display.records import flow, print_records

COLUMNS = ("job", "status", "#n", "reason")
IDS = ("job-6f3c5b1f3f9a2c70", "a-video-whose-id-is-as-long-as-they-get-00000000000000-3fa2c1d0")


def printed(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    *rows: tuple[str, ...],
) -> list[str]:
    monkeypatch.setattr(output.out, "width", width)
    with output.out.capture() as captured:
        print_records(COLUMNS, rows)
    assert capsys.readouterr().out == ""
    return [line.rstrip() for line in captured.get().splitlines()]


def test_what_fits_is_a_table_whose_last_column_may_fold(capsys, monkeypatch):
    lines = printed(
        capsys, monkeypatch, 50, ("a", "done", "7", ""), ("bb", "failed", "12", "word " * 10)
    )

    assert lines == [
        "job  status   n  reason",
        "a    done     7",
        "bb   failed  12  word word word word word word",
        "                 word word word word",
    ]


@pytest.mark.parametrize("width", [20, 40, 80])
@pytest.mark.parametrize("job_id", IDS)
def test_what_does_not_fit_breaks_between_cells(capsys, monkeypatch, width, job_id):
    lines = printed(capsys, monkeypatch, width, (job_id, "failed", "3", f"{IDS[1]} has no end."))

    assert lines[0].startswith(job_id)
    assert lines[-1].strip().startswith(IDS[1])
    assert all(line.startswith("    ") for line in lines[1:])


@given(st.lists(st.text("abc", max_size=12), min_size=1, max_size=8), st.integers(16, 40))
def test_a_line_is_never_longer_than_it_must_be_and_no_cell_is_lost(cells, width):
    lines = [line.plain for line in flow([Text(cell) for cell in cells], width)]

    assert " ".join(" ".join(lines).split()) == " ".join(cell for cell in cells if cell)
    assert all(len(line) <= width for line in lines)
