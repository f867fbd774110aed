"""Selections of videos: their stored form, and the part that is about rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from reelworks.domain.library.library import VideoStatus
from reelworks.domain.library.selection import SelectionKind, VideoSelection

OF_BACKFILL = VideoSelection(
    source="s3://films/in/",
    library="films",
    only=frozenset({SelectionKind.NEW, SelectionKind.MISSING}),
    stages=("vision",),
    language="en",
    limit=3,
)
OF_ROWS = VideoSelection(
    ids=("a", "b"),
    status=VideoStatus.READY,
    title="talk",
    min_seconds=1.5,
    max_seconds=60,
    created_from=datetime(2026, 11, 1, tzinfo=UTC),
    created_to=datetime(2026, 12, 1, tzinfo=UTC),
)


def test_a_backfills_selection_is_stored_as_backfills_have_it() -> None:
    """Rows of the table ``backfills`` are compared with it: it may gain no key."""
    assert OF_BACKFILL.to_dict() == {
        "source": "s3://films/in/",
        "library": "films",
        "only": ["missing", "new"],
        "stages": ["vision"],
        "language": "en",
        "limit": 3,
    }
    assert VideoSelection().to_dict() == {
        "source": None,
        "library": None,
        "only": [],
        "stages": [],
        "language": None,
        "limit": None,
    }


@pytest.mark.parametrize("selection", [VideoSelection(), OF_BACKFILL, OF_ROWS])
def test_the_stored_form_is_json_and_reversible(selection: VideoSelection) -> None:
    stored = json.loads(json.dumps(selection.to_dict()))
    assert VideoSelection.from_dict(stored) == selection


def test_what_a_later_release_stores_beside_is_ignored() -> None:
    assert VideoSelection.from_dict({"library": "a", "mood": "sad"}) == VideoSelection(library="a")


def test_the_part_about_rows_leaves_out_what_a_plan_resolves() -> None:
    assert OF_BACKFILL.of_rows == VideoSelection(library="films", language="en")
    assert OF_ROWS.of_rows == OF_ROWS
    assert OF_BACKFILL.row_conditions == ()
    assert VideoSelection(title="t", ids=("a",)).row_conditions == ("ids", "title")
