"""Pages of videos, and which rows a selection of videos selects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from reelworks.domain.library.library import VideoStatus
from reelworks.domain.library.selection import SelectionKind, VideoSelection
from reelworks.errors import InputError, UnknownVideoError
from reelworks.store.library.video_status import claim_video, set_status
from reelworks.store.library.video_writes import ids_of_videos, page_of_videos, where_clause


def test_rows_are_selected_by_each_condition(engine: Engine) -> None:
    for name, library in (("a", "films"), ("b", "films"), ("c", "talks")):
        claim_video(engine, name, original_path=f"/{name}.mp4", library=library)
    set_status(engine, "b", VideoStatus.FAILED, error="No.")
    later = datetime.now(UTC) + timedelta(hours=1)

    def ids(**conditions: object) -> list[str]:
        return ids_of_videos(engine, VideoSelection(**conditions))

    assert ids() == ["a", "b", "c"]
    assert ids(library="films") == ["a", "b"]
    assert ids(library="films", status=VideoStatus.FAILED) == ["b"]
    assert ids(ids=("c", "a")) == ["a", "c"]
    assert ids(title="B") == ["b"]
    assert ids(created_from=later) == []
    assert ids(created_to=later, language="en") == []
    assert [one.id for one in page_of_videos(engine, VideoSelection(), limit=2)] == ["c", "b"]
    with pytest.raises(UnknownVideoError):
        ids(ids=("a", "gone"))


@pytest.mark.parametrize(
    "selection",
    [
        VideoSelection(source="/films"),
        VideoSelection(only=frozenset({SelectionKind.NEW})),
        VideoSelection(stages=("vision",)),
        VideoSelection(limit=1),
    ],
)
def test_what_only_a_plan_can_tell_is_not_ignored(selection: VideoSelection) -> None:
    with pytest.raises(InputError, match="Only a backfill"):
        where_clause(selection)
