"""A server that sends too slowly over a whole window is given up; shorter pauses are not."""

from __future__ import annotations

import pytest

from reelworks.domain.least_speed import AN_INSTANT, WINDOW, LeastSpeed
from reelworks.errors import SourceUnavailableError


def test_a_window_at_the_least_speed_is_accepted_and_another_begins() -> None:
    speed = LeastSpeed(1000.0).of("films.example")
    assert speed.received(WINDOW / 2, 0)
    assert speed.remaining() == WINDOW / 2
    assert speed.received(WINDOW / 2, int(1000 * WINDOW))
    assert speed.remaining() == WINDOW


def test_a_slower_window_names_the_host_both_speeds_and_the_setting() -> None:
    speed = LeastSpeed(2000.0).of("films.example\n")
    with pytest.raises(SourceUnavailableError) as raised:
        speed.received(WINDOW, int(500 * WINDOW))
    message = str(raised.value)
    assert "0.5 kB/s over 60 s, where 2 are the least" in message
    assert "films.example" in message
    assert "\n" not in message
    assert "FETCH_LEAST_KB_PER_SECOND" in message


def test_a_redirect_buys_no_time_and_the_rest_is_never_zero() -> None:
    speed = LeastSpeed(1.0)
    speed.received(WINDOW - 1e-9, 0)
    speed.of("elsewhere.example").sent()
    assert speed.remaining() == AN_INSTANT
