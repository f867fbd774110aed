"""Growth is reported part by part, so that one part's loss hides no other's gain."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reelworks.models.runtime.memory import MB, Memory, ProcessMemory

BYTES = st.integers(0, 2**40)
TAKEN = st.builds(ProcessMemory, BYTES, BYTES, BYTES)


def test_mapped_files_that_the_kernel_takes_back_hide_nothing():
    before = ProcessMemory(own=200 * MB, mapped=300 * MB, gpu=0)
    after = ProcessMemory(own=260 * MB, mapped=40 * MB, gpu=0)

    assert after.since(before) == Memory(host=60 * MB)


@given(TAKEN, TAKEN)
def test_growth_is_never_negative_nor_less_than_a_part_grew(before, after):
    grown = after.since(before)

    assert grown.host >= max(0, after.own - before.own, after.mapped - before.mapped)
    assert grown.gpu == max(0, after.gpu - before.gpu)
