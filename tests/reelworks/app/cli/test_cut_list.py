"""Cut lists as files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reelworks.app.cli.cut_list import write_cut_lists
from reelworks.errors import InputError, PermissionDeniedError


def test_no_moments_are_an_empty_list_in_each_file_that_is_given(tmp_path: Path) -> None:
    edl, cuts = tmp_path / "cuts.edl", tmp_path / "cuts.json"

    write_cut_lists([], "harbour", 0.0, edl=edl, as_json=cuts)

    assert edl.read_text().startswith("TITLE: harbour")
    assert json.loads(cuts.read_text()) == {"title": "harbour", "cuts": []}


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "gone" / "cuts.edl"

    with pytest.raises(PermissionDeniedError, match=r"cuts\.edl cannot be written: No such file"):
        write_cut_lists([], "harbour", 0.0, edl=path, as_json=None)


def test_handles_out_of_range_are_refused_before_a_file_is_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Handles of -1"):
        write_cut_lists([], "harbour", -1.0, edl=tmp_path / "cuts.edl", as_json=None)

    assert not (tmp_path / "cuts.edl").exists()
