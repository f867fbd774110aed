"""Entries of open lists: what hangs from a box between its borders, and nothing else."""

from __future__ import annotations

import cv2
import pytest

from tests.support.drawn_page import GREY, DrawnPage

AS = pytest.mark.parametrize("recorded", [False, True], ids=["drawn", "recorded"])
ENTRIES = ("Document analysis", "Celebrity recognition only", "Speech to text only")


def search_box() -> DrawnPage:
    page = DrawnPage()
    page.write("Analysis Features", 372, 280)
    page.box(371, 300, 760, 26)
    page.circle(388, 312, 5)
    return page


@AS
def test_rows_between_the_borders_of_a_box_are_entries(recorded: bool) -> None:
    page = search_box()
    page.box(371, 324, 760, 76)
    for row, words in enumerate(ENTRIES):
        page.write(words, 384, 338 + 25 * row)
        cv2.line(page.image, (373, 350 + 25 * row), (1128, 350 + 25 * row), (215, 215, 220), 1)
    found = page.found(recorded=recorded)
    assert {(str(c.kind), c.label) for c in found if c.label in ENTRIES} == {
        ("other", words) for words in ENTRIES
    }
    first = next(c for c in found if c.label == ENTRIES[0])
    assert first.box.x * 1280 == pytest.approx(371, abs=5)
    assert first.box.h * 720 == pytest.approx(25, abs=4)


@AS
def test_lines_under_a_box_without_borders_are_no_entries(recorded: bool) -> None:
    page = search_box()
    for row, words in enumerate(ENTRIES):
        page.write(words, 384, 338 + 25 * row)
    assert not {kind for kind, _ in page.controls(recorded=recorded)} & {"other", "button"}


def test_a_row_is_not_claimed_twice() -> None:
    page = search_box()
    page.box(371, 324, 760, 76)
    page.box(371, 324, 760, 26, border=GREY, fill=(236, 242, 253))
    for row, words in enumerate(ENTRIES):
        page.write(words, 384, 338 + 25 * row)
    assert len([c for c in page.found() if c.label == ENTRIES[0]]) == 1
