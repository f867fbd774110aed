"""Vectors are stored as an array, and a text without one stays without."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.video.vision import Box, Control, ControlKind, FrameDescription, ScreenText
from reelworks.pipeline.video_vectors import pack, searchable, unpack

BOX = Box(0.1, 0.2, 0.3, 0.4)
vectors = st.lists(
    st.none() | st.lists(st.floats(-1, 1, width=32), min_size=3, max_size=3), max_size=5
)


@given(vectors)
def test_vectors_come_back_and_so_do_texts_without_one(given_: list[list[float] | None]) -> None:
    array = pack(given_, 3)
    assert (array.shape, array.dtype) == ((len(given_), 3), np.float32)
    assert unpack(array) == given_


def test_search_by_meaning_knows_all_that_a_frame_shows() -> None:
    description = FrameDescription(
        caption="A form",
        objects=("window", "table"),
        controls=(Control(ControlKind.BUTTON, "Save", BOX, 0.9),),
        text=(ScreenText("Name", BOX, 0.9), ScreenText("Cancel", BOX, 0.9)),
    )
    found = searchable(description)
    for words in ("A form", "window, table", "Save button", "Name Cancel"):
        assert words in found
    assert searchable(FrameDescription(None, (), (), ())) == ""
