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
        (JobResult("talk", extra={"slept": 0.5}), {"slept": 0.5, "video_id": "talk"}),
    ],
)
def test_the_stored_form_has_what_is_set(result: JobResult, stored: dict[str, Any]) -> None:
    assert result.to_json() == stored
    assert JobResult.from_json(stored) == result


@pytest.mark.parametrize("stored", [None, [], "talk", 3, {"video_id": 3}])
def test_what_is_no_result_in_a_row_written_by_hand_is_empty(stored: Any) -> None:
    assert JobResult.from_json(stored) == JobResult()
