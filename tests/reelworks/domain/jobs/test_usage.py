"""What hosted models were asked for adds up, in whatever thread it is counted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.jobs.usage import (
    BilledUsage,
    Meter,
    Usage,
    add_up,
    counting,
    current_meter,
    usage_by_model,
)

numbers = st.integers(0, 10**9)
usages = st.builds(Usage, numbers, numbers, numbers, st.integers(0, 10**6).map(float), numbers)


@given(usages)
def test_it_survives_the_row_of_a_job(usage: Usage) -> None:
    assert Usage.from_dict(usage.to_dict()) == usage


costs = st.none() | st.decimals(0, 10**6, allow_nan=False, places=6)


@given(st.builds(BilledUsage, usages, costs))
def test_billed_usage_survives_the_row_of_a_job(billed: BilledUsage) -> None:
    assert BilledUsage.from_json(billed.to_json()) == billed


def test_usage_is_read_as_the_release_before_stored_it() -> None:
    stored = {"openai/m": {"calls": 2, "cost": "0.0125"}, "new": {"calls": 1, "cost": None}}
    found = usage_by_model(stored)
    assert found["openai/m"] == BilledUsage(Usage(calls=2), Decimal("0.0125"))
    assert found["new"].cost is None
    assert {model: one.to_json() for model, one in found.items()} == stored
    assert BilledUsage.from_json({"calls": 1}).cost == 0
    assert (usage_by_model([]), BilledUsage.from_json(7)) == ({}, BilledUsage())


@given(st.dictionaries(st.sampled_from("abc"), usages), st.dictionaries(st.just("a"), usages))
def test_sums_are_by_model(first, second) -> None:
    total = add_up(first, second)

    assert total.keys() == first.keys() | second.keys()
    assert total.get("a", Usage()) == first.get("a", Usage()) + second.get("a", Usage())


def test_what_a_later_version_wrote_is_ignored() -> None:
    assert Usage.from_dict({"calls": 2, "pictures": 7, "cost": "0.1"}) == Usage(calls=2)


def test_threads_count_on_one_meter() -> None:
    changes: list[int] = []
    meter = Meter(lambda: changes.append(1))
    with ThreadPoolExecutor(8) as workers:
        for _ in range(400):
            workers.submit(meter.add, "openai/m", Usage(calls=1, input_tokens=3))

    assert meter.total() == {"openai/m": Usage(calls=400, input_tokens=1200)}
    assert len(changes) == 400


def test_a_context_has_its_own_meter() -> None:
    outer, inner = Meter(), Meter()
    with counting(outer):
        with counting(inner):
            current_meter().add("m", Usage(calls=1))
        current_meter().add("m", Usage(calls=5))

    assert (outer.total()["m"].calls, inner.total()["m"].calls) == (5, 1)
