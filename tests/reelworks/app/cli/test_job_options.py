"""Which jobs the options select."""

from __future__ import annotations

import pytest
import typer

from reelworks.app.cli.job_options import job_selection
from reelworks.domain.jobs.job import JobSelection


def test_no_option_at_all_does_not_mean_all_jobs():
    for ids in (None, []):
        with pytest.raises(typer.BadParameter, match="or --all"):
            job_selection(ids)


def test_all_jobs_are_selected_by_name():
    assert job_selection(None, every=True) == JobSelection()


def test_options_narrow_each_other():
    found = job_selection(["a", "b"], library="films", stage="vision", code="bad_input")

    assert found == JobSelection(
        ids=("a", "b"), library="films", error_stage="vision", error_code="bad_input"
    )
    assert job_selection(None, video="clip", backfill="bf-1") == JobSelection(
        video_id="clip", backfill_id="bf-1"
    )
