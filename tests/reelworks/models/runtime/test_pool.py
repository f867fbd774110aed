"""The pool: one load, the least recently used goes first, what is in use stays."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from subprocess import run

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.errors import ModelUnavailableError
from reelworks.models.runtime.memory import MB, Memory
from reelworks.models.runtime.pool import ModelPool
from reelworks.models.runtime.pool_state import PoolLimits

NAMES = st.sampled_from("abcdef")
SIZES = {name: Memory(host=10 * (i + 1), gpu=7 * (i % 3)) for i, name in enumerate("abcdef")}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def use_of(pool: ModelPool, key: str):
    return next(model for model in pool.snapshot().models if model.key == key)


@given(
    st.lists(st.tuples(NAMES, st.booleans())),
    st.integers(0, 120) | st.none(),
    st.integers(0, 20) | st.none(),
)
def test_models_that_nobody_uses_never_exceed_the_limits(uses, host, gpu):
    limits = PoolLimits(host, gpu)
    pool = ModelPool(limits)
    with ExitStack() as in_use:
        for name, hold in uses:
            if hold:
                in_use.enter_context(pool.use(name, object, SIZES[name]))
            else:
                pool.get(name, object, SIZES[name])
            unused = [
                model for model in pool.snapshot().models if model.loaded and not model.in_use
            ]
            assert not unused or limits.allow(pool.snapshot().used)
    assert limits.allow(pool.snapshot().used)


@given(st.lists(st.tuples(NAMES, st.booleans())), st.integers(0, 120))
def test_what_is_in_use_is_never_let_go(uses, host):
    pool = ModelPool(PoolLimits(host))
    in_use: dict[str, object] = {}
    with ExitStack() as stack:
        for name, hold in uses:
            with pool.use(name, object, SIZES[name]) as model:
                assert in_use.get(name, model) is model
            if hold and name not in in_use:
                in_use[name] = stack.enter_context(pool.use(name, object, SIZES[name]))
            assert in_use.keys() <= set(pool.loaded())


@given(st.lists(NAMES), st.integers(1, 6))
def test_the_least_recently_used_goes_first(uses, room):
    pool = ModelPool(PoolLimits(room * 10))
    expected: list[str] = []
    for name in uses:
        pool.get(name, object, Memory(host=10))
        expected = [*(other for other in expected if other != name), name][-room:]
        assert list(pool.loaded()) == expected


@given(st.lists(NAMES, min_size=1))
def test_loads_and_hits_add_up(uses):
    pool = ModelPool()
    for name in uses:
        pool.get(name, object, SIZES[name])
    found = {model.key: (model.loads, model.hits) for model in pool.snapshot().models}
    assert found == {name: (1, uses.count(name) - 1) for name in uses}


def test_many_threads_load_a_model_once():
    pool, loads = ModelPool(), []
    together = threading.Barrier(8)

    def load() -> object:
        loads.append(1)
        return object()

    def ask(_: int) -> object:
        together.wait()
        return pool.get("m", load, Memory(1))

    with ThreadPoolExecutor(8) as threads:
        models = set(threads.map(ask, range(8)))

    assert len(models) == len(loads) == 1
    assert use_of(pool, "m").hits == 7


def test_a_model_that_is_being_loaded_counts_already():
    pool = ModelPool(PoolLimits(host=10))
    pool.get("old", object, Memory(6))

    pool.get("new", pool.loaded, Memory(6))

    assert pool.get("new", object, Memory(6)) == ()  # the old one had gone before the load


def test_a_model_larger_than_the_limit_works_and_is_evicted():
    pool = ModelPool(PoolLimits(host=5))

    with pool.use("large", object, Memory(6)):
        assert pool.loaded() == ("large",)

    assert pool.loaded() == ()
    assert use_of(pool, "large").loads == 1


def test_a_load_that_fails_takes_no_room_and_is_tried_again():
    pool = ModelPool(PoolLimits(host=5))

    def fail() -> object:
        raise ModelUnavailableError("gone")

    with pytest.raises(ModelUnavailableError):
        pool.get("m", fail, Memory(4))

    assert pool.snapshot().used == Memory()
    assert pool.get("m", lambda: "loaded", Memory(4)) == "loaded"


def test_idle_models_are_let_go():
    clock = Clock()
    pool = ModelPool(PoolLimits(idle_seconds=60), clock)
    with pool.use("busy", object, Memory(1)):
        pool.get("idle", object, Memory(1))
        clock.now = 59
        assert pool.evict_idle() == 0
        clock.now = 60
        assert pool.evict_idle() == 1
        assert pool.loaded() == ("busy",)
    assert pool.snapshot().evictions == 1


def test_asking_for_a_model_lets_idle_ones_go():
    clock = Clock()
    pool = ModelPool(PoolLimits(idle_seconds=60), clock)
    pool.get("idle", object, Memory(1))
    clock.now = 100

    pool.get("other", object, Memory(1))

    assert pool.loaded() == ("other",)


def test_lower_limits_apply_at_once():
    pool = ModelPool()
    for name in "abc":
        pool.get(name, object, Memory(10))

    pool.limit(PoolLimits(host=15))

    assert pool.loaded() == ("c",)


def test_an_unknown_size_is_measured():
    """In a process of its own: what other tests leave to be freed would count against it."""
    script = (
        "from reelworks.models.runtime.pool import ModelPool\n"
        "pool = ModelPool()\n"
        f"pool.get('m', lambda: bytearray(b'x' * {64 * MB}))\n"
        "print(pool.snapshot().used.host)\n"
    )

    done = run([sys.executable, "-c", script], check=True, capture_output=True, text=True)

    assert 50 * MB < int(done.stdout) < 200 * MB


def test_what_was_let_go_stays_with_those_who_have_it():
    pool = ModelPool(PoolLimits(host=1))

    model = pool.get("m", lambda: ["weights"], Memory(2))

    assert pool.loaded() == ()
    assert model == ["weights"]
