"""Keep a library in step with its source: what is new, changed, moved or gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reelworks.domain.jobs.backfill import Limits
from reelworks.domain.jobs.sync import SyncPlan
from reelworks.domain.library.selection import SelectionKind, VideoSelection
from reelworks.errors import SourceVanishedError
from reelworks.operations.backfill.known_content import by_content, join
from reelworks.operations.backfill.plan import no_progress
from reelworks.operations.backfill.scanned_files import as_seen
from reelworks.operations.backfill.source_listing import root_of
from reelworks.operations.backfill.source_scan import scan_source
from reelworks.operations.backfill.start import new_backfill_id
from reelworks.operations.sync_plan import Survey, ids_of_files, plan_sync
from reelworks.pipeline.run_context import RunContext
from reelworks.store.jobs.backfill.begin import (
    BackfillVideo,
    NewBackfill,
    begin_backfill,
    waiting_videos,
)
from reelworks.store.library.source_entries import (
    SeenSource,
    forget_sources,
    miss_sources,
    move_video,
    remember_sources,
    sources_of,
)
from reelworks.store.library.video_metadata import write_metadata
from reelworks.store.library.work_history import video_facts

__all__ = ["Survey", "Synced", "guard_mass_deletion", "plan_sync", "survey", "synchronise"]

MOST_GONE = 0.5
"""Largest share of a source's files that may be missing at once: more looks like a lost mount."""


@dataclass(frozen=True, slots=True)
class Synced:
    """Result of a sync."""

    plan: SyncPlan
    backfill_id: str | None
    """The backfill that indexes what is new and changed."""


def survey(
    ctx: RunContext, source: str, library: str, progress: Callable[[int, int], None] = no_progress
) -> Survey:
    """Scan a source. Raises ``SourceNotFoundError`` when it is not there, and store errors."""
    root = root_of(source)
    known = sources_of(ctx.engine, library)
    facts = video_facts(ctx.engine)
    return Survey(
        root=root,
        library=library,
        scan=scan_source(root, known, ctx.store, progress),
        known={
            locator: one
            for locator, one in known.items()
            if one.root == root and one.video_id is not None  # else only a plan has seen it
        },
        by_content=by_content(facts, library),
    )


def guard_mass_deletion(plan: SyncPlan, known: Mapping[str, SeenSource]) -> None:
    """Raise ``SourceVanishedError`` when so many files are missing that a mount may be lost."""
    before = sum(one.gone_at is None for one in known.values())
    missing = len(plan.gone) + len(plan.copies_gone)
    if missing > MOST_GONE * before:
        raise SourceVanishedError(
            f"{missing} of {before} files are gone from {plan.root}: is it mounted? "
            "If they were deleted, use --allow-vanished."
        )


def synchronise(
    ctx: RunContext, seen: Survey, limits: Limits, *, allow_vanished: bool = False
) -> Synced:
    """Carry the plan out. Raises ``SourceVanishedError`` before anything is changed.

    Jobs come first and what was seen after them: interrupted in between, the next sync finds the
    same files new again, and their jobs waiting.
    """
    plan = plan_sync(seen)
    if not allow_vanished:
        guard_mass_deletion(plan, seen.known)
    backfill_id = _index(ctx, plan, limits)
    for move in (*plan.moved, *plan.copies_gone):
        if move.video_id is not None:
            move_video(ctx.engine, move.video_id, move.before, move.locator)
            write_metadata(ctx.engine, ctx.store, move.video_id)
    ids = ids_of_files(plan, seen)
    rows = [as_seen(one, seen.root, ids.get(one.listed.locator)) for one in seen.scan.files]
    remember_sources(ctx.engine, seen.library, rows)
    join(ctx, seen.library, ids)
    forget_sources(ctx.engine, seen.library, [move.before for move in plan.moved])
    missed = [*plan.gone, *(copy.before for copy in plan.copies_gone)]
    miss_sources(ctx.engine, seen.library, missed)
    return Synced(plan, backfill_id)


def _index(ctx: RunContext, plan: SyncPlan, limits: Limits) -> str | None:
    waiting = waiting_videos(ctx.engine, [one.video_id for one in plan.to_index])
    due = {one.video_id: one for one in plan.to_index if one.video_id not in waiting}
    if not due:
        return None
    selection = VideoSelection(
        source=plan.root, library=plan.library, only=frozenset({SelectionKind.NEW})
    )
    begun = begin_backfill(
        ctx.engine,
        NewBackfill(
            id=new_backfill_id(),
            selection=selection,
            limits=limits,
            plan={"videos": len(due)},
            videos=[BackfillVideo(one.video_id, one.locator) for one in due.values()],
            requested_by="sync",
        ),
    )
    return begun.id


def sync_json(plan: SyncPlan, backfill_id: str | None) -> dict[str, Any]:
    """Return a sync's plan as JSON values."""
    return {
        "source": plan.root,
        "library": plan.library,
        "new": [one.locator for one in plan.new],
        "changed": [one.locator for one in plan.changed],
        "moved": [{"from": one.before, "to": one.locator} for one in plan.moved],
        "copies": [{"file": one.locator, "video_id": one.video_id} for one in plan.copies],
        "gone": list(plan.gone),
        "copies_gone": [one.before for one in plan.copies_gone],
        "back": list(plan.back),
        "same": plan.same,
        "notes": list(plan.notes),
        "backfill_id": backfill_id,
    }
