"""Voice activity detection on real speech, silence and noise."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.video.transcript import Word
from reelworks.models.speech import voice_activity
from reelworks.models.speech.voice_activity import inside_speech, speech_regions
from reelworks.models.speech.waveform import read_pcm, write_wav

RATE = 16_000


def test_speech_is_found_where_it_is(as_wav: Callable[[str], Path], tmp_path: Path) -> None:
    speech = read_pcm(as_wav("speech/jfk.flac"))
    write_wav(tmp_path / "late.wav", bytes(2 * 5 * RATE) + speech + bytes(2 * 5 * RATE))
    regions = speech_regions(tmp_path / "late.wav")
    assert 5.0 <= regions[0][0] < 5.6
    assert 15.0 < regions[-1][1] <= 16.2
    assert sum(end - start for start, end in regions) == pytest.approx(8.5, abs=1.5)


@pytest.mark.parametrize("kind", ["silence", "noise", "tone", "chords", "nothing"])
def test_what_is_no_speech_has_no_regions(tmp_path: Path, kind: str) -> None:
    t = np.arange(20 * RATE) / RATE
    sound = {
        "silence": np.zeros(20 * RATE),
        "noise": np.random.default_rng(1).normal(0, 0.1, 20 * RATE),
        "tone": 0.3 * np.sin(2 * np.pi * 440 * t),
        "chords": sum(0.1 * np.sin(2 * np.pi * f * t) * np.exp(-2 * (t % 1)) for f in (220, 330)),
        "nothing": np.zeros(0),
    }[kind]
    write_wav(tmp_path / "x.wav", (sound * 32767).astype("<i2").tobytes())
    assert speech_regions(tmp_path / "x.wav") == []


def test_long_files_are_looked_at_in_blocks_with_the_same_result(
    as_wav: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    wav = as_wav("speech/two_cities.flac")
    whole = speech_regions(wav)
    monkeypatch.setattr(voice_activity, "_BLOCK", 7 * RATE)
    parts = speech_regions(wav)
    spoken = sum(end - start for start, end in whole)
    assert sum(end - start for start, end in parts) == pytest.approx(spoken, rel=0.05)
    assert all(a[1] < b[0] for a, b in pairwise(parts))


times = st.floats(0, 100).map(lambda x: round(x, 2))


@given(st.lists(times, max_size=8, unique=True), st.lists(times, max_size=20))
def test_words_stay_exactly_when_speech_is_near(edges: list[float], starts: list[float]) -> None:
    edges.sort()
    regions = list(zip(edges[::2], edges[1::2], strict=False))
    words = [Word("w", t, t) for t in sorted(starts)]
    near = [w for w in words if any(a - 1 <= w.t_start <= b + 1 for a, b in regions)]
    assert inside_speech(words, regions) == near
