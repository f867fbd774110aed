"""Which mix leaves no speech out, by the speech found in each."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.stages.source.speech_coverage import (
    StereoSpeech,
    choose_channels,
    choose_stereo,
    choose_track,
    lacks,
    missing,
    seconds_of,
    union,
)

ALL = [(0.0, 4.0), (6.0, 10.0)]
FIRST, SECOND = ALL[:1], ALL[1:]
REGIONS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(1, 9)).map(lambda p: (float(p[0]), float(sum(p))))
)


@given(REGIONS, REGIONS)
def test_a_union_covers_both_and_overlaps_nowhere(one, other):
    both = union(one, other)
    assert all(before[1] < after[0] for before, after in pairwise(both))
    assert missing(one, both) == missing(other, both) == 0
    seconds = {t for start, end in (*one, *other) for t in range(int(start), int(end))}
    assert seconds_of(both) == len(seconds)


def test_missing_counts_what_is_not_covered():
    assert missing(ALL, FIRST) == 4.0
    assert missing([(1.0, 7.0)], ALL) == 2.0
    assert missing([], ALL) == 0.0


@pytest.mark.parametrize(
    ("heard", "wanted", "result"),
    [
        (FIRST, ALL, True),
        (ALL, FIRST, False),
        ([(0.0, 3.5), (6.0, 10.0)], ALL, False),  # half a second
        ([(0.0, 90.0)], [(0.0, 100.0)], False),  # a tenth
        ([], [], False),
    ],
)
def test_a_mix_lacks_speech_when_seconds_and_share_are_large(heard, wanted, result):
    assert lacks(heard, wanted) is result


@pytest.mark.parametrize(
    ("speech", "method", "channels"),
    [
        (StereoSpeech(ALL, [], ALL, ALL, False), "downmix", ()),
        (StereoSpeech([], ALL, ALL, ALL, False), "difference", ()),
        (StereoSpeech(FIRST, SECOND, ALL, ALL, False), "channels", (1,)),
        (StereoSpeech(FIRST, SECOND, FIRST, ALL, False), "channels", (2,)),
        (StereoSpeech(ALL, ALL, FIRST, SECOND, True), "separate", ()),
        (StereoSpeech(ALL, ALL, [], SECOND, True), "channels", (2,)),
        (StereoSpeech(ALL, ALL, ALL, [(0.0, 1.0)], True), "channels", (1,)),
        (StereoSpeech(FIRST, [], SECOND, [(12.0, 13.5)], False), "downmix", ()),
        (StereoSpeech([], [], [], [], True), "downmix", ()),
    ],
)
def test_stereo(speech, method, channels):
    assert choose_stereo(speech) == (method, channels)


@pytest.mark.parametrize(
    ("downmix", "channels", "chosen"),
    [
        (ALL, {1: FIRST, 2: SECOND}, ()),
        ([], {3: ALL}, (3,)),
        (FIRST, {1: FIRST, 2: [], 4: SECOND}, (1, 4)),
        (FIRST, {1: FIRST, 2: [(20.0, 21.5)], 4: SECOND}, (1, 4)),
        ([], {2: [(20.0, 21.5)]}, (2,)),
        ([], {1: [], 2: []}, ()),
        ([], {}, ()),
    ],
)
def test_channels(downmix, channels, chosen):
    assert choose_channels(downmix, channels) == chosen


@pytest.mark.parametrize(
    ("speech", "preferred", "chosen"),
    [
        ({1: ALL, 2: ALL}, 2, 2),
        ({1: FIRST, 2: ALL}, 1, 1),
        ({1: [(0.0, 1.0)], 2: ALL, 3: FIRST}, 1, 2),
        ({1: [], 2: []}, 1, 1),
    ],
)
def test_track(speech, preferred, chosen):
    assert choose_track(speech, preferred) == chosen
