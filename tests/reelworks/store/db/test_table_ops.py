"""Texts that PostgreSQL cannot keep, pages of a list, and rows that replace a video's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, text

from reelworks.domain.library.listing import PageKey
from reelworks.errors import UnknownVideoError
from reelworks.store.db.database import transaction
from reelworks.store.db.schema import SceneRow, Video
from reelworks.store.db.table_ops import (
    check_known,
    composed,
    page_after,
    replace_rows,
    sanitize_text,
    table_of,
    video_locked,
)

VIDEOS, SCENES = table_of(Video), table_of(SceneRow)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def videos(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("TRUNCATE videos CASCADE"))
        for number, video_id in enumerate("abcd"):
            at = NOON + timedelta(hours=number // 2)  # two of them at once
            row = {"id": video_id, "original_path": "/v.mp4", "created_at": at}
            connection.execute(VIDEOS.insert().values(row))


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        ("a\x00b\x02c", "abc"),
        ("line\n\tnext", "line\n\tnext"),
        ("half a pair \ud800!", "half a pair \ufffd!"),
        ({"k\x00": ["\x01v", ("w\x00",)]}, {"k": ["v", ["w"]]}),
        (12.5, 12.5),
        (None, None),
    ],
)
def test_what_cannot_be_stored_is_left_out_of_every_text(value: object, clean: object) -> None:
    assert sanitize_text(value) == clean


def test_words_are_composed_in_every_text() -> None:
    assert composed({"a": ["u\u0308", 1, None], "b": "東京"}) == {
        "a": ["\u00fc", 1, None],
        "b": "東京",
    }


def test_pages_go_on_where_the_last_one_ended_whatever_is_new(engine: Engine) -> None:
    def page(after: PageKey | None) -> list[PageKey]:
        query = page_after(select(VIDEOS), VIDEOS, limit=3, after=after)
        with transaction(engine) as connection:
            return [PageKey(row.created_at, row.id) for row in connection.execute(query)]

    first = page(None)
    with transaction(engine) as connection:
        connection.execute(VIDEOS.insert().values(id="new", original_path="/new.mp4"))

    assert [one.id for one in first] == ["d", "c", "b"]
    assert [one.id for one in page(first[-1])] == ["a"]


def test_the_first_unknown_video_is_named(engine: Engine) -> None:
    with transaction(engine) as connection:
        check_known(connection, [])
        check_known(connection, ["b", "a"])
        with pytest.raises(UnknownVideoError, match="nope"):
            check_known(connection, ["a", "nope", "no\x00ne"])


def test_a_video_that_is_not_there_is_not_locked(engine: Engine) -> None:
    with pytest.raises(UnknownVideoError, match="nope"), video_locked(engine, "nope"):
        pass


def test_rows_replace_a_video_s_and_equal_ones_are_not_written(engine: Engine) -> None:
    def scene(number: int, start: float) -> dict[str, object]:
        return {
            "id": f"a_{number}",
            "video_id": "a",
            "t_start": start,
            "t_end": start + 1,
            "model": "m",
            "revision": "",
        }

    def stored() -> dict[str, tuple[float, int]]:
        query = text("SELECT id, t_start, CAST(CAST(xmin AS text) AS bigint) FROM scenes")
        with transaction(engine) as connection:
            return {row[0]: (row[1], row[2]) for row in connection.execute(query)}

    with video_locked(engine, "a") as connection:
        replace_rows(connection, SCENES, "a", [scene(0, 0.0), scene(1, 1.0), scene(2, 2.0)])
    before = stored()
    with video_locked(engine, "a") as connection:
        replace_rows(connection, SCENES, "a", [scene(0, 0.0), scene(1, 1.5)])
    after = stored()

    assert set(after) == {"a_0", "a_1"}
    assert after["a_0"] == before["a_0"]
    assert after["a_1"][0] == 1.5
