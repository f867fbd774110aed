"""Progress goes forward, whatever is measured."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.jobs.progress import forward


@given(st.lists(st.floats(0, 1e9)))
def test_what_is_told_never_goes_back_and_always_is_the_furthest(measured):
    told: list[float] = []
    report = forward(lambda done, _: told.append(done))

    for one in measured:
        report(one, 1e9)

    assert told == [max(measured[: place + 1]) for place in range(len(measured))]
