"""Check boxes and radio buttons: by the shape of their outline, crisp or blurred."""

from __future__ import annotations

from dataclasses import replace

import cv2
import pytest

from tests.support.drawn_page import GREY, DrawnPage

AS = pytest.mark.parametrize("recorded", [False, True], ids=["drawn", "recorded"])


def choice() -> DrawnPage:
    page = DrawnPage()
    for row, words in enumerate(("Use deletion policy", "Delete all resources")):
        page.circle(400, 200 + 40 * row)
        page.write(words, 416, 200 + 40 * row)
    return page


@AS
def test_circles_of_a_choice_are_radio_buttons(recorded: bool) -> None:
    assert choice().controls(recorded=recorded) == {
        ("radio", "Use deletion policy"),
        ("radio", "Delete all resources"),
    }


@AS
def test_a_circle_alone_is_not_claimed(recorded: bool) -> None:
    page = DrawnPage()
    page.circle(400, 200)
    page.write("Use deletion policy", 416, 200)
    assert page.controls(recorded=recorded) == set()


@AS
def test_a_magnifier_is_no_radio_button(recorded: bool) -> None:
    page = DrawnPage()
    for y in (200, 260):
        page.circle(400, y, 5)
        cv2.line(page.image, (404, y + 4), (408, y + 8), GREY, 2, cv2.LINE_AA)
        page.write("Search", 416, y)
    assert page.controls(recorded=recorded) == set()


@AS
def test_an_icon_with_a_sign_in_its_ring_is_no_radio_button(recorded: bool) -> None:
    page = DrawnPage()
    for y in (200, 260):
        page.circle(400, y)
        cv2.line(page.image, (400, y - 4), (400, y + 4), GREY, 2)
        page.write("The following resources require", 416, y)
    assert page.controls(recorded=recorded) == set()


@AS
def test_a_square_with_round_corners_is_a_check_box(recorded: bool) -> None:
    page = DrawnPage()
    cv2.rectangle(page.image, (396, 193), (406, 207), GREY, 2)
    cv2.rectangle(page.image, (394, 195), (408, 205), GREY, 2)
    cv2.rectangle(page.image, (396, 195), (406, 205), (250, 250, 252), -1)
    page.write("I acknowledge this", 416, 200)
    assert page.controls(recorded=recorded) == {("checkbox", "I acknowledge this")}


def test_what_a_toggle_was_read_as_is_not_in_its_label() -> None:
    page = choice()
    first = page.text[0]
    wider = replace(first.box, x=392 / 1280, w=first.box.w + 21 / 1280)
    page.text[0] = replace(first, text="O Use deletion policy", box=wider)
    assert ("radio", "Use deletion policy") in page.controls()
