"""Filters are checked, and become SQL conditions whose values are never part of the SQL."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.library.search import Filters
from reelworks.errors import InputError
from reelworks.store.search.search_filters import MOST_VALUES, _about_video, check_filters

START, END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
moments = st.datetimes(timezones=st.just(UTC))
lengths = st.floats(0, 1e6)
values = st.lists(st.text(), max_size=3).map(tuple)
filters = st.builds(
    Filters,
    video_ids=values,
    libraries=values,
    created_from=st.none() | moments,
    ready_to=st.none() | moments,
    max_seconds=st.none() | lengths,
)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Filters(languages=("english",)), "not a code of two or three letters"),
        (Filters(created_from=datetime(2020, 1, 1)), "no time zone"),
        (Filters(created_from=END, created_to=START), "not before"),
        (Filters(ready_from=START, ready_to=START), "The ready dates"),
        (Filters(min_seconds=10, max_seconds=5), "range of video lengths"),
        (Filters(max_seconds=math.inf), "range of video lengths"),
        (Filters(speakers=("x",) * (MOST_VALUES + 1)), "speakers has too many values"),
    ],
)
def test_each_wrong_filter_has_its_message(wrong: Filters, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_filters(wrong)


@given(st.tuples(lengths, lengths).map(sorted), st.lists(moments, min_size=2, max_size=2))
def test_ranges_in_order_are_accepted(bounds: list[float], dates: list[datetime]) -> None:
    start, end = sorted(dates)
    if start < end:
        check_filters(
            Filters(
                languages=("en", "deu"),
                min_seconds=bounds[0],
                max_seconds=bounds[1],
                created_from=start,
                created_to=end,
            )
        )


@given(filters)
def test_each_given_filter_is_a_condition_with_bound_values(given_: Filters) -> None:
    conditions = _about_video(given_)
    names = ("video_ids", "libraries", "created_from", "ready_to", "max_seconds")
    present = {name for name in names if getattr(given_, name) not in (None, ())}
    assert set(conditions.values) == present
    assert len(conditions.parts) == len(present)
    assert all(f":{name}" in conditions.sql for name in present)
    assert conditions.sql == expected_sql(present)


def expected_sql(present: set[str]) -> str:
    """What the SQL is, whatever the values are."""
    by_name = {
        "video_ids": "v.id = ANY (CAST(:video_ids AS text[]))",
        "libraries": (
            "(v.library = ANY (CAST(:libraries AS text[])) OR v.id IN (SELECT video_id"
            " FROM video_locations WHERE library = ANY (CAST(:libraries AS text[]))))"
        ),
        "created_from": "v.created_at >= :created_from",
        "ready_to": "v.ready_at < :ready_to",
        "max_seconds": "v.duration_sec <= :max_seconds",
    }
    return " AND ".join(sql for name, sql in by_name.items() if name in present) or "true"
