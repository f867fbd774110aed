"""Links: by the colour that was mixed into the ground, however thin and blurred the letters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reelworks.domain.video.vision import ScreenText
from tests.support.drawn_page import BLUE, WHITE, DrawnPage

AS = pytest.mark.parametrize("recorded", [False, True], ids=["drawn", "recorded"])


@AS
def test_blue_words_are_a_link(recorded: bool) -> None:
    page = DrawnPage()
    page.write("Getting started with templates", 400, 300, colour=BLUE)
    (link,) = page.found(recorded=recorded)
    assert (link.kind, link.label) == ("link", "Getting started with templates")
    assert link.box.h * 720 == pytest.approx(14, abs=5)


@AS
def test_dark_words_are_none(recorded: bool) -> None:
    page = DrawnPage()
    page.write("Getting started with templates", 400, 300, colour=(60, 66, 80))
    assert page.controls(recorded=recorded) == set()


def test_of_a_sentence_only_the_blue_words_are_the_link() -> None:
    page = DrawnPage()
    page.write("Specify the behaviour.", 400, 300)
    page.write("Learn more", 600, 300, colour=BLUE)
    first, second = (line.box for line in page.text)
    whole = replace(first, w=second.x + second.w - first.x)
    page.text = [ScreenText("Specify the behaviour. Learn more", whole, 0.9)]
    (link,) = page.found()
    assert link.label == "Learn more"
    assert link.box.x * 1280 == pytest.approx(600, abs=8)


def test_pale_letters_over_a_film_are_none() -> None:
    rng = np.random.default_rng(7)
    noise = rng.integers(20, 120, (72, 128, 3), np.uint8)
    page = DrawnPage(image=np.kron(noise, np.ones((10, 10, 1), np.uint8)))
    page.write("Chapter one", 400, 300, colour=WHITE)
    assert page.controls() == set()


def test_the_chosen_step_of_a_list_is_none() -> None:
    page = DrawnPage()
    page.circle(388, 300)
    page.write("Specify stack details", 404, 300, colour=BLUE)
    assert page.controls() == set()
