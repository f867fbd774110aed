"""Texts of the command line: times, durations, money, lines and JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import pytest

from reelworks.app.cli import output
from reelworks.app.cli.output import (
    as_json,
    clock,
    format_dollars,
    format_duration,
    format_hours,
    format_timestamp,
    line,
    plural,
)


class Colour(StrEnum):
    """A value of an enumeration."""

    RED = "red"


@dataclass(frozen=True)
class Thing:
    """One field of each type that is no JSON value."""

    when: datetime
    file: Path
    cost: Decimal
    colour: Colour


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.0 s"),
        (119.94, "119.9 s"),
        (120.0, "2.0 min"),
        (7199.0, "120.0 min"),
        (7200.0, "2.0 h"),
        (172_799.0, "48.0 h"),
        (172_800.0, "2.0 d"),
        (259_200.0, "3.0 d"),
    ],
)
def test_a_duration_has_the_largest_unit_of_which_it_has_two(seconds, text):
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0:00.0"),
        (59.96, "1:00.0"),
        (61.25, "1:01.2"),
        (3599.99, "1:00:00.0"),
        (36061, "10:01:01.0"),
    ],
)
def test_a_time_in_a_video_carries_over_and_has_no_leading_zero_hours(seconds, text):
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"),
        ("0.0012", "$0.0012"),
        ("0.5", "$0.5000"),
        ("1", "$1.00"),
        ("1234.567", "$1,234.57"),
    ],
)
def test_an_amount_below_a_dollar_is_not_rounded_to_nothing(amount, text):
    assert format_dollars(Decimal(amount)) == text


def test_a_length_of_video_is_in_minutes_below_an_hour():
    assert format_hours(90) == "1.5 minutes"
    assert format_hours(3600) == "1.0 hours"


def test_one_is_singular():
    assert [plural(number, "job") for number in (0, 1, 2)] == ["0 jobs", "1 job", "2 jobs"]


def test_a_timestamp_is_local_and_to_the_minute(monkeypatch):
    moment = datetime(2026, 11, 27, 1, 2, 3, tzinfo=UTC)
    assert format_timestamp(moment) == moment.astimezone().strftime("%Y-%m-%d %H:%M")


def test_a_line_stays_one_line_and_keeps_brackets():
    text = line(("[bold]one\ntwo", "red"), " :smile: three")
    assert "\n" not in text.plain
    assert text.plain.startswith("[bold]one")
    assert ":smile:" in text.plain


def test_values_become_json_in_ascii():
    thing = Thing(datetime(2026, 11, 27, tzinfo=UTC), Path("/ä"), Decimal("0.5"), Colour.RED)
    text = as_json(thing)
    assert text.isascii()
    assert text.endswith("}\n")
    assert json.loads(text) == {
        "when": "2026-11-27T00:00:00+00:00",
        "file": "/ä",
        "cost": 0.5,
        "colour": "red",
    }
    with pytest.raises(TypeError, match="object has no JSON form"):
        as_json(object())


def test_columns_with_a_mark_are_right_aligned():
    columns = output.table("name", "#seconds").columns
    assert [(one.header, one.justify) for one in columns] == [
        ("name", "left"),
        ("seconds", "right"),
    ]
