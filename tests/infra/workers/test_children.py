"""Children of a worker: when one is replaced, and what the log of a run says of it."""

from __future__ import annotations

import logging
import os

import pytest

from infra.workers.child.interpreter import ChildSpec, child_environment
from infra.workers.child.slots import Slots
from infra.workers.children import Children, child_notice, needs_recycling
from infra.workers.configuration import WarmProcessConfiguration
from infra.workers.revision import release
from infra.workers.status.status_file import StatusFile
from tests.infra.workers.conftest import ROOT

pytestmark = pytest.mark.slow

LOG = logging.getLogger(__name__)


async def test_a_child_is_replaced_when_it_has_run_enough_or_grown(caplog):
    environment = child_environment(os.environ | {"PYTHONPATH": str(ROOT)})
    spec = ChildSpec(environment, "r1", ("no.such.module",), streams=False)
    slots = Slots((), 1)
    status_file = StatusFile("w", "gpu", slots, LOG)
    children = Children(slots, status_file, LOG)
    limits = WarmProcessConfiguration(max_runs=3, max_growth_mb=100)
    await children.start_all(spec)
    (slot,) = slots
    first = slot.child
    try:
        assert first is not None
        assert "no.such.module could not be preloaded" in caplog.text
        assert needs_recycling(first, limits) is None
        first.memory += 101_000_000
        assert needs_recycling(first, limits) == "it grew by 101 MB"
        first.memory -= 101_000_000
        first.runs = 3
        assert needs_recycling(first, limits) == "3 runs"
        assert child_notice(first, "7") == (
            f"Runs in process {first.pid} (its run 4) with reelworks {release()}, code r1, on GPU 7"
        )

        await children.recycle(slot, spec, limits)

        assert not first.alive
        assert slot.child is not None
        assert (slot.child.alive, slot.child.runs) == (True, 0)
        assert (status_file.status().replaced, status_file.status().crashes) == (1, 0)
        assert [one.pid for one in status_file.status().children] == [slot.child.pid]
        assert child_notice(slot.child, None).endswith("code r1")
    finally:
        await slots.close()

    await children.recycle(slot, spec, limits)
    assert status_file.status().crashes == 1, "its child was gone before its run was over"
