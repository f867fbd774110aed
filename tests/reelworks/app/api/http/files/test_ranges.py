"""Byte ranges and entity tags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.app.api.http.files.ranges import (
    ByteRange,
    UnsatisfiableRangeError,
    is_unchanged,
    span_of,
    wants_range,
)

SIZE = 1000
TAG = '"abc"'


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-99", ByteRange(0, 100)),
        ("bytes=100-", ByteRange(100, SIZE)),
        ("bytes=-50", ByteRange(950, SIZE)),
        ("bytes=-5000", ByteRange(0, SIZE)),
        ("bytes=999-999", ByteRange(999, SIZE)),
        ("bytes=990-5000", ByteRange(990, SIZE)),
        ("BYTES= 5-6 ", ByteRange(5, 7)),
    ],
)
def test_a_range(header, span):
    assert span_of(header, SIZE) == span


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes=-",
        "bytes=9-3",
        "bytes=0-1,5-6",
        "bytes=a-b",
        "bytes=\u0661-\u0662",
        "items=0-1",
        "bytes=0-" + "9" * 19,
        "bytes=" + "9" * 19 + "-",
    ],
)
def test_what_is_not_one_valid_range_means_the_whole_file(header):
    assert span_of(header, SIZE) is None


@pytest.mark.parametrize(
    ("header", "size"),
    [("bytes=1000-", SIZE), ("bytes=5000-6000", SIZE), ("bytes=-0", SIZE), ("bytes=-5", 0)],
)
def test_a_range_after_the_end_is_unsatisfiable(header, size):
    with pytest.raises(UnsatisfiableRangeError):
        span_of(header, size)


@given(st.text(max_size=30) | st.from_regex(r"bytes=\d{0,20}-\d{0,20}"), st.integers(0, 10**6))
def test_a_span_is_never_empty_and_lies_inside_the_file(header, size):
    try:
        span = span_of(header, size)
    except UnsatisfiableRangeError:
        return
    assert span is None or 0 <= span.start < span.end <= size


@pytest.mark.parametrize(
    ("known", "unchanged"),
    [
        (TAG, True),
        (f"W/{TAG}", True),
        (f'"other", {TAG}', True),
        ("*", True),
        ('"other"', False),
        ("", False),
        ("abc", False),
    ],
)
def test_if_none_match(known, unchanged):
    assert is_unchanged({"if-none-match": known}, TAG) is unchanged


def test_without_a_validator_the_file_counts_as_changed_and_ranges_are_wanted():
    assert not is_unchanged({}, TAG)
    assert wants_range({}, TAG)


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [(TAG, True), (f" {TAG} ", True), (f"W/{TAG}", False), ("Mon, 01 Jan 2026", False)],
)
def test_if_range_needs_the_same_strong_tag(condition, wanted):
    assert wants_range({"if-range": condition}, TAG) is wanted
