"""Keep a library in step with its source: what is new, changed, moved or gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reelworks.domain.digest import sha256_of_bytes
from reelworks.domain.ids import video_id_for
from reelworks.domain.jobs.backfill import Limits
from reelworks.domain.jobs.sync import Arrival, Move, SyncPlan
from reelworks.domain.library.selection import SelectionKind, VideoSelection
from reelworks.errors import SourceVanishedError
from reelworks.operations.backfill.known_content import by_content, join, joining_notes
from reelworks.operations.backfill.plan import no_progress
from reelworks.operations.backfill.source_scan import (
    ScannedFile,
    as_seen,
    is_changed,
    list_files,
    root_of,
    scan_files,
)
from reelworks.operations.backfill.start import new_backfill_id
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
from reelworks.store.library.work_history import VideoFacts, video_facts

MOST_GONE = 0.5
"""Largest share of a source's files that may be missing at once: more looks like a lost mount."""


@dataclass(frozen=True, slots=True)
class Synced:
    """Result of a sync."""

    plan: SyncPlan
    backfill_id: str | None
    """The backfill that indexes what is new and changed."""


@dataclass(frozen=True)
class Survey:
    """The files of a source now, and what the library knows of them."""

    root: str
    library: str
    found: Sequence[ScannedFile]
    known: Mapping[str, SeenSource]
    """Files of this source at the last sync, by locator."""
    by_content: Mapping[str, VideoFacts]
    """Videos of all libraries by their digest."""


def survey(
    ctx: RunContext, source: str, library: str, progress: Callable[[int, int], None] = no_progress
) -> Survey:
    """Scan a source. Raises ``SourceNotFoundError`` when it is not there, and store errors."""
    root = root_of(source)
    known = sources_of(ctx.engine, library)
    found = scan_files(list_files(root, ctx.store), known, ctx.store, progress)
    facts = video_facts(ctx.engine)
    return Survey(
        root=root,
        library=library,
        found=found,
        known={
            locator: one
            for locator, one in known.items()
            if one.root == root and one.video_id is not None  # else only a plan has seen it
        },
        by_content=by_content(facts, library),
    )


def plan_sync(seen: Survey) -> SyncPlan:
    """Return the steps; nothing is changed.

    A file is changed when its size or stamp is another and its content too. A new file with the
    content of one that is missed is that one, moved; with the content of one that is still there
    it is a copy, which the library has already.
    """
    there = {one.listed.locator: one for one in seen.found}
    missed = {
        locator: one
        for locator, one in seen.known.items()
        if locator not in there and one.gone_at is None
    }
    unclaimed = dict(missed)
    new: list[Arrival] = []
    changed: list[Arrival] = []
    moved: list[Move] = []
    back: list[str] = []
    for locator, one in there.items():
        before = seen.known.get(locator)
        if before is None:
            origin = _origin(one, unclaimed)
            if origin is not None:
                del unclaimed[origin.locator]
                moved.append(Move(origin.locator, locator, origin.video_id))
            elif (arrival := _arrival(one, seen)) is not None:
                new.append(arrival)
            continue
        if before.gone_at is not None:
            back.append(locator)
        if is_changed(one, before):
            changed.append(Arrival(locator, before.video_id or _id_of(one)))
    return SyncPlan(
        root=seen.root,
        library=seen.library,
        new=tuple(new),
        changed=tuple(changed),
        moved=tuple(moved),
        gone=tuple(sorted(unclaimed)),
        back=tuple(back),
        same=len(there) - len(new) - len(changed) - len(moved),
        notes=(
            *(one.note for one in seen.found if one.note),
            *joining_notes([_known(one, seen) for one in seen.found], seen.library),
        ),
    )


def guard_mass_deletion(plan: SyncPlan, known: Mapping[str, SeenSource]) -> None:
    """Raise ``SourceVanishedError`` when so many files are missing that a mount may be lost."""
    before = sum(one.gone_at is None for one in known.values())
    if len(plan.gone) > MOST_GONE * before:
        raise SourceVanishedError(
            f"{len(plan.gone)} of {before} files are gone from {plan.root}: is it mounted? "
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
    for move in plan.moved:
        if move.video_id is not None:
            move_video(ctx.engine, move.video_id, move.before, move.locator)
            write_metadata(ctx.engine, ctx.store, move.video_id)
    ids = _ids(plan, seen)
    rows = [as_seen(one, seen.root, ids.get(one.listed.locator)) for one in seen.found]
    remember_sources(ctx.engine, seen.library, rows)
    join(ctx, seen.library, ids)
    forget_sources(ctx.engine, seen.library, [move.before for move in plan.moved])
    miss_sources(ctx.engine, seen.library, plan.gone)
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


def _ids(plan: SyncPlan, seen: Survey) -> dict[str, str]:
    """Return which video each file is, where that is known."""
    by_content = {
        one.listed.locator: seen.by_content[one.sha256].video_id
        for one in seen.found
        if one.sha256 is not None and one.sha256 in seen.by_content
    }
    moved = {move.locator: move.video_id for move in plan.moved if move.video_id is not None}
    return by_content | moved | {one.locator: one.video_id for one in plan.to_index}


def _origin(one: ScannedFile, missed: Mapping[str, SeenSource]) -> SeenSource | None:
    """Return the missed file that this one was: by its digest, or an object's tag and size."""
    listed = one.listed
    for before in missed.values():
        if one.sha256 is not None and before.sha256 is not None:
            if one.sha256 == before.sha256:
                return before
        elif (before.size, before.stamp) == (listed.size, listed.stamp):
            return before
    return None


def _arrival(one: ScannedFile, seen: Survey) -> Arrival | None:
    """Return a new file as what is to be indexed; None when the library has its content."""
    facts = _known(one, seen)
    if facts is not None and facts.was_ready:
        return None
    return Arrival(one.listed.locator, facts.video_id if facts else _id_of(one))


def _known(one: ScannedFile, seen: Survey) -> VideoFacts | None:
    return seen.by_content.get(one.sha256 or "")


def _id_of(one: ScannedFile) -> str:
    listed = one.listed
    digest = one.sha256 or sha256_of_bytes(f"{listed.stamp}:{listed.size}".encode())
    return video_id_for(listed.stem, digest)


def sync_json(plan: SyncPlan, backfill_id: str | None) -> dict[str, Any]:
    """Return a sync's plan as JSON values."""
    return {
        "source": plan.root,
        "library": plan.library,
        "new": [one.locator for one in plan.new],
        "changed": [one.locator for one in plan.changed],
        "moved": [{"from": one.before, "to": one.locator} for one in plan.moved],
        "gone": list(plan.gone),
        "back": list(plan.back),
        "same": plan.same,
        "notes": list(plan.notes),
        "backfill_id": backfill_id,
    }
