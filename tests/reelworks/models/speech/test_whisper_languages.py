"""The language of windows: changes that are clear are followed, doubtful ones are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.models.speech.whisper_languages import Chances, LanguageTracker

ES, IT_OR_ES = {"es": 0.95, "en": 0.02, "it": 0.01}, {"it": 0.68, "es": 0.27}
EN, DE = {"en": 0.98, "de": 0.005}, {"de": 0.97, "en": 0.01}


@pytest.mark.parametrize(
    ("heard", "languages"),
    [
        # A related language at 68 % in the middle of a file (base int8, on Mexican Spanish).
        ([(ES, 20), (ES, 24), (IT_OR_ES, 18)], ["es", "es", "es"]),
        # What follows tells what the beginning was.
        ([(IT_OR_ES, 18), (ES, 24)], ["es", "es"]),
        # A file that changes its language permanently, and one that changes back.
        ([(EN, 24), (EN, 24), (DE, 20), (DE, 9)], ["en", "en", "de", "de"]),
        ([(EN, 24), (DE, 20), (EN, 24)], ["en", "de", "en"]),
        # One sentence alone says little, even at forty to one.
        ([(DE, 24), ({"lv": 0.40, "de": 0.01}, 2.4)], ["de", "de"]),
        # A window alone is what it sounds like.
        ([(IT_OR_ES, 18)], ["it"]),
        ([], []),
    ],
)
def test_a_change_of_language_needs_evidence(
    heard: list[tuple[Chances, float]], languages: list[str]
) -> None:
    assert LanguageTracker().choose(heard) == languages


def test_what_was_heard_in_earlier_batches_counts() -> None:
    tracker = LanguageTracker()
    assert tracker.choose([(ES, 24)] * 4) == ["es"] * 4
    assert tracker.choose([(IT_OR_ES, 18)]) == ["es"]
    assert tracker.choose([(DE, 18)]) == ["de"]


def test_expected_languages_decide_doubtful_windows() -> None:
    assert LanguageTracker({"es": 1.0}).choose([(IT_OR_ES, 18)]) == ["es"]
    assert LanguageTracker({"en": 0.5, "de": 0.5}).choose([(DE, 5)]) == ["de"]
    assert LanguageTracker({"en": 0.5, "de": 0.5}).choose([(EN, 5)]) == ["en"]


def test_a_copy_does_not_learn_from_the_original() -> None:
    tracker = LanguageTracker()
    before = tracker.copy()
    tracker.choose([(ES, 24)])
    assert before.choose([(IT_OR_ES, 18)]) == ["it"]


@given(
    st.lists(
        st.tuples(
            st.fixed_dictionaries({code: st.floats(0, 1) for code in ("en", "de", "es")}),
            st.floats(0, 30),
        ),
        max_size=6,
    )
)
def test_every_window_gets_a_language(heard: list[tuple[Chances, float]]) -> None:
    chosen = LanguageTracker().choose(heard)
    assert len(chosen) == len(heard)
    assert set(chosen) <= {"en", "de", "es"}
