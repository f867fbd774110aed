"""Which of Whisper's tokens are finished text, and where that ends."""

from __future__ import annotations

import pytest

from reelworks.models.speech.whisper_search import finished_text

END, ZERO = 100, 200
"""The first token that is no text, and time stamp 0.00."""


def at(seconds: float) -> int:
    return ZERO + round(seconds / 0.02)


@pytest.mark.parametrize(
    ("tokens", "text", "t_end"),
    [
        # Two whole segments.
        ([at(0), 1, 2, at(5), at(5.2), 3, at(9)], [1, 2, 3], 9.0),
        # The second was begun and not finished: it is decoded again.
        ([at(0), 1, 2, at(5), at(5.2), 3], [1, 2], 5.0),
        ([at(0), 1, 2, at(5), at(5.2)], [1, 2], 5.0),
        # Nothing was finished, or there is no time stamp at all: all of it is text.
        ([at(0), 1, 2], [1, 2], None),
        ([1, 2], [1, 2], None),
        ([], [], None),
    ],
)
def test_only_finished_segments_are_text(
    tokens: list[int], text: list[int], t_end: float | None
) -> None:
    found, end = finished_text(tokens, END, ZERO)
    assert found == text
    assert end == (None if t_end is None else pytest.approx(t_end))
