"""Detection of user-interface controls on rendered pages and on a real recording."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from bench.quality.control_score import Score, iou, matches
from bench.quality.page_truth import decode, load_truth, render, soften
from bench.quality.recording_truth import SIZES, labelled_frames
from reelworks.domain.video.vision import Box, Control, ControlKind, ScreenText
from reelworks.models.vision.controls import LEAST_CONFIDENCE, find_controls
from reelworks.models.vision.ocr import Image, text_reader

BOXED = (ControlKind.BUTTON, ControlKind.FIELD, ControlKind.CHECKBOX)
PAGES = ["login_flat", "settings_dark", "table_actions", "wizard"]


def found_on(image: Image) -> tuple[Control, ...]:
    softened = soften(image)
    return find_controls(softened, text_reader().read(softened))


@pytest.mark.parametrize("name", PAGES)
def test_buttons_fields_and_check_boxes_of_a_page_are_found(media: Path, name: str) -> None:
    page = decode(np.fromfile(media / f"pages/{name}.png", np.uint8))
    score = Score()
    score.add(found_on(page), load_truth(media / f"pages/{name}.json"))
    precision, recall, _ = score.rates(BOXED)
    assert precision >= 0.85
    assert recall >= 0.8


def test_a_control_carries_the_words_that_a_person_reads(media: Path) -> None:
    page = decode(np.fromfile(media / "pages/login_flat.png", np.uint8))
    read = {(control.kind, control.label) for control in found_on(page)}
    assert (ControlKind.BUTTON, "Sign in") in read
    assert (ControlKind.CHECKBOX, "Remember me") in read
    assert (ControlKind.LINK, "Forgot password?") in read
    assert (ControlKind.FIELD, "you@company.com") in read


def test_controls_of_a_recorded_console_are_what_they_are(media: Path) -> None:
    """The search box is a field, an open list has entries, a paragraph is nothing."""
    page = decode(np.fromfile(media / "recordings/console_13.800.jpg", np.uint8))
    found = find_controls(page, text_reader().read(page))
    kinds = Counter(control.kind for control in found)
    assert kinds[ControlKind.FIELD] == 3
    assert kinds[ControlKind.MENU] == 3
    assert kinds[ControlKind.OTHER] == 3
    assert kinds[ControlKind.BUTTON] == 2
    assert kinds[ControlKind.RADIO] == 0
    assert {"Previous", "Next"} >= {c.label for c in found if c.kind is ControlKind.BUTTON} - {""}


def test_every_claim_is_sure_enough(media: Path) -> None:
    page = decode(np.fromfile(media / "recordings/console_19.500.jpg", np.uint8))
    found = find_controls(page, text_reader().read(page))
    assert found
    assert min(control.confidence or 0 for control in found) >= LEAST_CONFIDENCE


def test_a_picture_without_text_has_no_controls(media: Path) -> None:
    page = decode(np.fromfile(media / "pages/login_flat.png", np.uint8))
    assert find_controls(page, ()) == ()


def test_words_on_a_plain_ground_are_no_controls() -> None:
    plain = np.full((720, 1280, 3), 200, np.uint8)
    lines = (ScreenText("Chapter one", Box(0.3, 0.4, 0.2, 0.05), 0.99),)
    assert find_controls(plain, lines) == ()


def test_a_match_needs_the_kind_and_half_the_area() -> None:
    true = Control(ControlKind.BUTTON, "Save", Box(0.1, 0.1, 0.1, 0.1))
    shifted = Control(ControlKind.BUTTON, "Save", Box(0.16, 0.1, 0.1, 0.1))
    other = Control(ControlKind.FIELD, "Save", true.box)
    assert iou(true.box, true.box) == pytest.approx(1)
    assert matches([shifted, other], [true]) == []
    assert matches([true, true], [true]) == [(true, true)]


@pytest.mark.slow
@pytest.mark.parametrize(("half", "least"), [("dev", 0.9), ("heldout", 0.8)])
def test_pages_rendered_in_chromium_reach_their_stated_f1(half: str, least: float) -> None:
    score = Score()
    for page in render(half):
        score.add(found_on(page.image), page.truth)
    assert score.rates(BOXED)[2] >= least


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("half", "least_recall"), [("tuned", 0.85), ("held_out", 0.65)])
def test_frames_of_a_recording_reach_their_stated_precision(
    half: str, size: str, least_recall: float
) -> None:
    score, own = Score(), Score()
    for frame in labelled_frames(half, size):
        found = frame.judged(find_controls(frame.image, text_reader().read(frame.image)))
        score.add(found, frame.truth)
        own.add(frame.own(found), frame.truth[frame.everywhere :])
    assert score.rates(tuple(ControlKind))[0] >= 0.9
    precision, recall, _ = own.rates(tuple(ControlKind))
    assert precision >= 0.9
    assert recall >= least_recall
