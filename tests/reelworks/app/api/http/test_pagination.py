"""Pagination cursors."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.app.api.http.pagination import cursor_of, page_key_of, page_of
from reelworks.domain.library.listing import PageKey
from reelworks.errors import InputError

NOW = datetime(2026, 11, 27, 12, 30, 45, 123456, tzinfo=UTC)


@dataclass(frozen=True)
class Entry:
    id: str
    created_at: datetime


def entries(count: int) -> list[Entry]:
    return [Entry(f"e{n}", NOW - timedelta(seconds=n)) for n in range(count)]


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@given(
    st.datetimes(timezones=st.just(UTC) | st.just(timezone(timedelta(hours=-3)))),
    st.text(max_size=80),
)
def test_a_cursor_is_read_as_it_was_written(moment, entry_id):
    key = PageKey(moment, entry_id)

    cursor = cursor_of(key)

    assert page_key_of(cursor) == key
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_no_cursor_is_the_first_page():
    assert page_key_of(None) is None


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_last_page_has_no_cursor(count):
    shown, cursor = page_of(entries(count), 2)

    assert list(shown) == entries(count)
    assert cursor is None


def test_the_cursor_names_the_last_entry_shown():
    shown, cursor = page_of(entries(3), 2)

    assert list(shown) == entries(2)
    assert page_key_of(cursor) == PageKey(entries(2)[1].created_at, "e1")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "!",
        "a",
        "äöü",
        "bm90IGpzb24",
        encoded(None),
        encoded([]),
        encoded([NOW.isoformat()]),
        encoded([NOW.isoformat(), 5]),
        encoded([NOW.isoformat(), "e", "more"]),
        encoded([5, "e"]),
        encoded(["yesterday", "e"]),
        encoded(["2026-11-27T12:30:45", "e"]),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
    ],
)
def test_an_invalid_cursor_is_an_input_error(cursor):
    with pytest.raises(InputError, match="Invalid cursor"):
        page_key_of(cursor)
