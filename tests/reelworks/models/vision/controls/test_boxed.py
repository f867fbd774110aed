"""Boxes: what is in one, and where, tells a button from a field, a drop-down and a mere card."""

from __future__ import annotations

import pytest

from tests.support.drawn_page import DARK, DrawnPage

AS = pytest.mark.parametrize("recorded", [False, True], ids=["drawn", "recorded"])


@AS
def test_a_wide_box_with_text_at_its_left_is_a_field(recorded: bool) -> None:
    page = DrawnPage()
    page.box(371, 300, 760, 26)
    page.write("maria@reelworks.test", 383, 312)
    assert page.controls(recorded=recorded) == {("field", "maria@reelworks.test")}


@AS
def test_words_at_both_ends_of_a_box_are_no_button(recorded: bool) -> None:
    page = DrawnPage()
    page.box(134, 90, 434, 26)
    page.write("Search", 150, 102)
    page.write("Option S", 490, 102)
    assert page.controls(recorded=recorded) == {("field", "Search Option S")}


@AS
def test_an_arrow_at_its_right_makes_it_a_drop_down(recorded: bool) -> None:
    page = DrawnPage()
    page.box(371, 300, 760, 26)
    page.write("Recommended features", 383, 312)
    page.arrow(1116, 313)
    assert page.controls(recorded=recorded) == {("menu", "Recommended features")}


@AS
def test_a_centred_word_is_a_button(recorded: bool) -> None:
    page = DrawnPage()
    page.box(1000, 578, 98, 28)
    page.write_centred("Previous", 1049, 591)
    assert page.controls(recorded=recorded) == {("button", "Previous")}


@AS
def test_a_notice_on_a_tinted_ground_is_no_field(recorded: bool) -> None:
    page = DrawnPage()
    page.box(357, 522, 760, 40, border=(190, 60, 70), fill=(255, 240, 240))
    page.write("Please acknowledge all boxes", 372, 541)
    assert page.controls(recorded=recorded) == set()


@AS
def test_a_sentence_in_a_box_is_not_claimed(recorded: bool) -> None:
    page = DrawnPage()
    page.box(357, 522, 760, 40)
    page.write("Please acknowledge all boxes before you proceed.", 372, 541)
    assert page.controls(recorded=recorded) == set()


@AS
def test_a_card_to_choose_is_its_toggle_not_a_field(recorded: bool) -> None:
    page = DrawnPage()
    for x, words in ((371, "Template is ready"), (671, "Use a sample")):
        page.box(x, 300, 260, 32)
        page.circle(x + 18, 315)
        page.write(words, x + 34, 316)
    assert page.controls(recorded=recorded) == {
        ("radio", "Template is ready"),
        ("radio", "Use a sample"),
    }


def test_a_card_with_its_heading_on_a_blurred_page_is_no_field() -> None:
    page = DrawnPage()
    for row in range(6):
        page.write("Defines the resources to protect", 372, 100 + 30 * row, colour=(120, 125, 135))
    page.box(357, 522, 760, 44)
    page.write("Stack creation options", 372, 543, colour=DARK, weight=2)
    assert page.controls(recorded=True) == set()
