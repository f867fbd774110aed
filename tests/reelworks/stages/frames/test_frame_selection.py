"""Which frames get a closer look, for any scenes and any frames."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.video.scene import Scene
from reelworks.stages.frames.frame_selection import FrameParams, Sample, shortlist, split_scenes
from reelworks.stages.frames.scenes import tile_scenes

PARAMS = FrameParams()


@given(cuts=st.sets(st.floats(0.1, 99.9), max_size=12), longest=st.floats(0.5, 40))
def test_stretches_tile_the_scenes_and_none_is_too_long(cuts: set[float], longest: float) -> None:
    scenes = tile_scenes(sorted(cuts), 100.0)
    slots = split_scenes(scenes, FrameParams(max_seconds_per_frame=longest))
    assert {slot.scene_index for slot in slots} == {scene.index for scene in scenes}
    assert slots[0].t_start == 0.0
    assert slots[-1].t_end == 100.0
    for one, following in pairwise(slots):
        assert one.t_end == following.t_start
    assert max(slot.t_end - slot.t_start for slot in slots) <= longest + 1e-6


sample_values = st.tuples(st.floats(0, 5000), st.floats(0, 80), st.floats(0, 1))


@given(st.lists(sample_values, min_size=1, max_size=60))
def test_a_shortlist_is_never_empty_and_ascends(values: list[tuple[float, float, float]]) -> None:
    samples = [Sample(n / 30, *value) for n, value in enumerate(values)]
    (slot,) = split_scenes([Scene(0, 0.0, len(values) / 30)], PARAMS)
    times = shortlist(slot, samples, np.array([0.0]), PARAMS)
    assert 1 <= len(times) <= PARAMS.shortlist
    assert times == sorted(times)
