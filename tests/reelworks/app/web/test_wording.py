"""How pages say things."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import unescape
from re import sub

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.app.web import wording
from reelworks.domain.jobs.outlook import JobOutlook
from reelworks.domain.library.search import Excerpt, Kind, MatchSpan, RankSource, Reason


@pytest.mark.parametrize(
    ("seconds", "shown", "spoken"),
    [
        (0, "0:00", "0 seconds"),
        (61.9, "1:01", "1 minute 1 second"),
        (3600, "1:00:00", "1 hour"),
        (36125, "10:02:05", "10 hours 2 minutes 5 seconds"),
        (None, "", "0 seconds"),
    ],
)
def test_times(seconds, shown, spoken):
    assert (wording.clock(seconds), wording.spoken(seconds)) == (shown, spoken)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(-3, "0 s"), (59, "59 s"), (60, "1 min"), (7200, "2 h"), (90000, "1 d")]
)
def test_ages(seconds, shown):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert wording.ago(now - timedelta(seconds=seconds), now) == shown


def test_amounts():
    assert [wording.money(one) for one in (0, 0.01234, 3.5)] == ["\u2013", "$0.0123", "$3.50"]


@given(st.text(max_size=40), st.lists(st.integers(0, 40), max_size=6))
def test_a_marked_excerpt_keeps_its_text_and_escapes_it(text, cuts):
    at = sorted({min(cut, len(text)) for cut in cuts})
    spans = tuple(MatchSpan(a, b) for a, b in zip(at[::2], at[1::2], strict=False))

    shown = wording.marked(Excerpt(text, spans))

    assert shown.count("<mark>") == len(spans)
    assert unescape(sub("</?mark>", "", shown)) == unescape(str(text).replace("&", "&amp;"))
    assert "<" not in sub("</?mark>", "", shown)


@pytest.mark.parametrize(
    ("outlook", "shown"),
    [
        (None, ""),
        (JobOutlook(1, 61), "Next in the queue, about 1 min left."),
        (JobOutlook(7, None), "Number 7 in the queue."),
        (JobOutlook(None, 12), "About 10 s left."),
        (JobOutlook(None, 0), "About 5 s left."),
        (JobOutlook(2000, 90_000), "Number 2000 in the queue, about 25 h left."),
        (JobOutlook(None, None), ""),
    ],
)
def test_what_to_expect_of_a_job(outlook, shown):
    assert wording.expected(outlook) == shown


def test_why_something_was_found():
    assert wording.why(RankSource(Reason.WORDS, Kind.SPEECH, 1)) == "these words in speech"
    near = RankSource(Reason.MEANING, Kind.PICTURE, 2, "model", 0.774)
    assert wording.why(near) == "similar in meaning in the picture (77%)"


def test_only_our_own_sentences_are_shown():
    assert wording.flash_message({"done": "retried", "n": "1"}) == "1 job is queued again."
    assert wording.flash_message({"done": "retried", "n": "12"}) == "12 jobs are queued again."
    assert wording.flash_message({"done": "retried", "n": "0"}) == "No jobs are queued again."
    assert (
        wording.flash_message({"done": "retried", "n": "call 555-1234"})
        == "No jobs are queued again."
    )
    assert wording.flash_message({"done": "Your computer is infected"}) is None
    assert wording.flash_message({}) is None
