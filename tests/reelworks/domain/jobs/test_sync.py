"""A sync's plan indexes what is new and what has changed."""

from __future__ import annotations

from reelworks.domain.jobs.sync import Arrival, Move, SyncPlan


def test_new_and_changed_files_are_indexed_and_moved_ones_are_not() -> None:
    new, changed = Arrival("/new.mp4", "n"), Arrival("/changed.mp4", "c")
    moved = Move("/before.mp4", "/after.mp4", "m")
    plan = SyncPlan("/", "default", (new,), (changed,), (moved,), (), ("/gone.mp4",), (), (), 3)
    assert plan.to_index == (new, changed)
