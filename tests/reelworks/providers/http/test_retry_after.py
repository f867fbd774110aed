"""Retry-After, read as RFC 9110 writes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.providers.http.retry_after import retry_after

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


@given(st.floats(min_value=0.001, max_value=1e6))
def test_seconds_are_seconds(seconds: float) -> None:
    assert retry_after({"retry-after": repr(seconds)}, NOW) == seconds


@given(st.integers(min_value=1, max_value=100_000), st.integers(-5000, 5000))
def test_a_date_counts_from_the_servers_own_clock(ahead: int, our_error: int) -> None:
    headers = {
        "date": format_datetime(NOW, usegmt=True),
        "retry-after": format_datetime(NOW + timedelta(seconds=ahead), usegmt=True),
    }
    assert retry_after(headers, NOW + timedelta(seconds=our_error)) == ahead


def test_milliseconds_are_finer_and_come_first() -> None:
    assert retry_after({"retry-after-ms": "250", "retry-after": "1"}, NOW) == 0.25


@pytest.mark.parametrize("text", ["", "soon", "nan", "inf", "-3", "0", "Sat, 99 Foo 2026"])
def test_what_is_no_time_ahead_is_none(text: str) -> None:
    assert retry_after({"retry-after": text}, NOW) is None


def test_a_past_date_is_none() -> None:
    past = format_datetime(NOW - timedelta(hours=1), usegmt=True)
    assert retry_after({"retry-after": past}, NOW) is None
    assert retry_after({}, NOW) is None


@given(st.integers(min_value=1, max_value=100_000))
def test_without_the_servers_clock_a_date_counts_from_ours(ahead: int) -> None:
    headers = {"retry-after": format_datetime(NOW + timedelta(seconds=ahead), usegmt=True)}
    assert retry_after(headers, NOW) == ahead


@given(st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms", "date"]), st.text()))
def test_any_header_gives_a_wait_or_none(headers: dict[str, str]) -> None:
    wait = retry_after(headers, NOW)
    assert wait is None or wait > 0
