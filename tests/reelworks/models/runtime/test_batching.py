"""Calls that come together are answered together, each with its own answer."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reelworks.errors import InputError
from reelworks.models.runtime.batching import Batcher


@settings(deadline=None, max_examples=20)
@given(items=st.lists(st.integers(), min_size=1, max_size=40), size=st.integers(1, 8))
def test_everyone_gets_the_answer_to_the_own_question(items: list[int], size: int) -> None:
    sizes: list[int] = []

    def double(batch: Sequence[int]) -> list[int | Exception]:
        sizes.append(len(batch))
        return [2 * item for item in batch]

    batcher = Batcher(double, size)
    with ThreadPoolExecutor(len(items)) as threads:
        assert list(threads.map(batcher.call, items)) == [2 * item for item in items]
    assert sum(sizes) == len(items)
    assert max(sizes) <= size


def test_those_who_come_during_a_batch_make_the_next_one() -> None:
    first, go_on = threading.Event(), threading.Event()
    sizes: list[int] = []

    def slow(batch: Sequence[int]) -> list[int | Exception]:
        sizes.append(len(batch))
        first.set()
        assert go_on.wait(10)
        return list(batch)

    batcher = Batcher(slow, 4)
    with ThreadPoolExecutor(5) as threads:
        answers = [threads.submit(batcher.call, 0)]
        assert first.wait(10)
        answers += [threads.submit(batcher.call, n) for n in range(1, 5)]
        while len(batcher._waiting) < 4:  # all four have come
            pass
        go_on.set()
        assert [answer.result() for answer in answers] == [0, 1, 2, 3, 4]
    assert sizes == [1, 4]


def test_one_refused_item_is_nobody_elses_loss() -> None:
    def run(batch: Sequence[int]) -> list[int | Exception]:
        return [InputError("odd") if item % 2 else item for item in batch]

    batcher = Batcher(run, 4)
    assert batcher.call(2) == 2
    with pytest.raises(InputError, match="odd"):
        batcher.call(3)


def test_a_batch_that_fails_fails_for_all_who_wait_and_the_next_one_works() -> None:
    broken = [True]

    def run(batch: Sequence[int]) -> list[int | Exception]:
        if broken.pop():
            raise InputError("the model is gone")
        return list(batch)

    batcher = Batcher(run, 4)
    with pytest.raises(InputError, match="gone"):
        batcher.call(1)
    broken.append(False)
    assert batcher.call(1) == 1
