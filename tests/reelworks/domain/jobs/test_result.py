"""Job results: what the column ``jobs.result`` stores."""

from __future__ import annotations

from typing import Any

import pytest

from reelworks.domain.jobs.result import JobResult


@pytest.mark.parametrize(
    ("result", "stored"),
    [
        (JobResult(), {}),
        (JobResult(video_id="talk"), {"video_id": "talk"}),
        (JobResult(backfill_id="b-1"), {"backfill_id": "b-1"}),
    ],
)
def test_the_stored_form_has_what_is_set(result: JobResult, stored: dict[str, str]) -> None:
    assert result.to_json() == stored
    assert JobResult.from_json(stored) == result


@pytest.mark.parametrize("stored", [None, [], "talk", 3, {"video_id": 3}, {"video_id": None}])
def test_a_value_that_names_nothing_is_no_result(stored: Any) -> None:
    assert JobResult.from_json(stored) == JobResult()


def test_keys_of_a_later_release_are_ignored() -> None:
    assert JobResult.from_json({"video_id": "v", "mood": "sad"}) == JobResult("v")
