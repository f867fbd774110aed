"""Slots for children: which run gets which, and what becomes of the child in it."""

from __future__ import annotations

import asyncio
import os

import psutil
import pytest

from infra.workers.child.interpreter import ChildSpec, child_environment
from infra.workers.child.slots import Slots
from tests.infra.workers.conftest import ROOT

ENVIRONMENT = child_environment(os.environ | {"PYTHONPATH": str(ROOT)})
SPEC = ChildSpec(ENVIRONMENT, "r1", streams=False)


def test_gpus_are_dealt_out_in_turn():
    assert [slot.gpu for slot in Slots(("0", "1"), 3)] == ["0", "1", "0"]
    assert [slot.gpu for slot in Slots((), 2)] == [None, None]


async def test_no_two_runs_share_a_slot_and_the_next_waits_for_one():
    slots = Slots((), 2)
    async with slots.lend(SPEC) as one, slots.lend(SPEC) as other:
        assert one is not other
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), slots.lend(SPEC):
                pytest.fail("both slots are in use")
    async with slots.lend(SPEC) as free:
        assert free in (one, other)


def test_an_empty_slot_has_no_run():
    slots = Slots((), 1)
    (slot,) = slots

    assert slot.infrastructure("host/1") == "host/1/none"
    assert slots.find_run("host/1", "host/1/none") is None


@pytest.mark.slow
async def test_a_slot_keeps_its_child_until_another_kind_is_needed():
    slots = Slots((), 1)
    async with slots.lend(SPEC) as slot:
        first = await slot.child_of(SPEC, lambda: None)
        assert await slot.child_of(SPEC, lambda: None) is first
        newer = await slot.child_of(ChildSpec(ENVIRONMENT, "r2", streams=False), lambda: None)
        assert not first.alive
        assert newer.alive
        assert slot.replaced == 1
    await slots.close()
    assert not psutil.pid_exists(newer.pid)
