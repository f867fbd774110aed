"""Text from outside cannot steer a terminal or forge a log line."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.printable import one_line, printable

ANY_TEXT = st.text(st.characters())  # with surrogates


@given(ANY_TEXT)
def test_no_control_character_is_left(text):
    left = {char for char in one_line(text) if unicodedata.category(char) in ("Cc", "Cs")}
    assert left == set()


@given(ANY_TEXT)
def test_positions_in_the_text_stay_right(text):
    assert len(printable(text)) == len(one_line(text)) == len(text)


@pytest.mark.parametrize(
    "text", ["Team talk [final] 50 %", "Übergrößenträger", "日本語", "שלום", "🎬", "a\u200db"]
)
def test_plain_text_of_any_language_stays_as_it_is(text):
    assert one_line(text) == text


def test_escapes_line_ends_and_turned_text_are_taken_out():
    assert one_line("a\x1b[31m\nb\u202ec\udcff") == "a\ufffd[31m b\ufffdc\ufffd"
    assert printable("a\n\tb\rc") == "a\n\tb\ufffdc"
