"""Plan of a sync: what a source has now against what the library knows of it. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reelworks.domain.digest import sha256_of_bytes
from reelworks.domain.ids import video_id_for
from reelworks.domain.jobs.sync import Arrival, Move, SyncPlan
from reelworks.operations.backfill.known_content import joining_notes
from reelworks.operations.backfill.scan_notes import scan_notes
from reelworks.operations.backfill.scanned_files import Scan, ScannedFile, is_changed
from reelworks.store.library.source_entries import SeenSource
from reelworks.store.library.work_history import VideoFacts


@dataclass(frozen=True)
class Survey:
    """The files of a source now, and what the library knows of them."""

    root: str
    library: str
    scan: Scan
    known: Mapping[str, SeenSource]
    """Files of this source at the last sync, by locator."""
    by_content: Mapping[str, VideoFacts]
    """Videos of all libraries by their digest."""


@dataclass
class _Steps:
    new: list[Arrival] = field(default_factory=list)
    changed: list[Arrival] = field(default_factory=list)
    moved: list[Move] = field(default_factory=list)
    copies: list[Arrival] = field(default_factory=list)


def plan_sync(seen: Survey) -> SyncPlan:
    """Return the steps; nothing is changed.

    A file is changed when its size or stamp is another and its content too. A new file with the
    content of one that is missed is that one, moved; with the content of one that is still there,
    or of another new one, it is a copy: one video in two places. It is gone when both are.
    """
    there = {one.listed.locator: one for one in seen.scan.files}
    unknown = seen.scan.may_have(seen.known)
    missed = {
        locator: one
        for locator, one in seen.known.items()
        if locator not in there and locator not in unknown and one.gone_at is None
    }
    still = {
        locator: one
        for locator, one in seen.known.items()
        if locator in unknown or (locator in there and not is_changed(there[locator], one))
    }
    steps = _Steps()
    videos = {_content_of(one): one.video_id for one in still.values() if one.video_id}
    for locator, one in there.items():
        if locator not in seen.known:
            _plan_new(one, seen, missed, videos, steps)
    elsewhere = set(videos.values())
    for locator in sorted(there.keys() & seen.known.keys() - still.keys()):
        one, video_id = there[locator], seen.known[locator].video_id
        if video_id in elsewhere:  # a file that has changed leaves its video to the copy
            _plan_new(one, seen, missed, videos, steps)
        else:
            steps.changed.append(Arrival(locator, video_id or _id_of(one)))
    places = _places(still, steps)
    gone = {locator: places.get(one.video_id or "") for locator, one in missed.items()}
    return SyncPlan(
        root=seen.root,
        library=seen.library,
        new=tuple(steps.new),
        changed=tuple(steps.changed),
        moved=tuple(steps.moved),
        copies=tuple(steps.copies),
        gone=tuple(sorted(locator for locator, location in gone.items() if location is None)),
        copies_gone=tuple(
            Move(locator, location, missed[locator].video_id)
            for locator, location in gone.items()
            if location is not None
        ),
        back=tuple(one for one in there if one in seen.known and seen.known[one].gone_at),
        same=sum(locator in still for locator in there),
        notes=(*scan_notes(seen.scan), *_joining(seen)),
    )


def _joining(seen: Survey) -> tuple[str, ...]:
    known = [seen.by_content.get(one.sha256 or "") for one in seen.scan.files]
    return joining_notes(known, seen.library)


def ids_of_files(plan: SyncPlan, seen: Survey) -> dict[str, str]:
    """Return which video each file is, where that is known."""
    by_content = {
        one.listed.locator: seen.by_content[one.sha256].video_id
        for one in seen.scan.files
        if one.sha256 is not None and one.sha256 in seen.by_content
    }
    moved = {move.locator: move.video_id for move in plan.moved if move.video_id is not None}
    arrived = {one.locator: one.video_id for one in (*plan.copies, *plan.to_index)}
    return by_content | moved | arrived


def _plan_new(
    one: ScannedFile,
    seen: Survey,
    missed: dict[str, SeenSource],
    videos: dict[str, str],
    steps: _Steps,
) -> None:
    """Add what a file is that no video was made of: moved, a copy or new."""
    locator, content = one.listed.locator, one.content or ""
    origin = _origin(one, missed.values())
    if origin is not None and content not in videos:
        del missed[origin.locator]
        steps.moved.append(Move(origin.locator, locator, origin.video_id))
        video_id = origin.video_id or _id_of(one)
    else:
        facts = seen.by_content.get(content)
        video_id = videos.get(content) or (facts.video_id if facts else _id_of(one))
        is_copy = content in videos or (facts is not None and facts.was_ready)
        (steps.copies if is_copy else steps.new).append(Arrival(locator, video_id))
    if content:
        videos.setdefault(content, video_id)


def _places(still: Mapping[str, SeenSource], steps: _Steps) -> dict[str, str]:
    """Return where each video lies after the sync, one location of several."""
    moved = [(one.video_id, one.locator) for one in steps.moved if one.video_id]
    arrived = [(one.video_id, one.locator) for one in (*steps.copies, *steps.new, *steps.changed)]
    unmoved = [(one.video_id, locator) for locator, one in still.items() if one.video_id]
    return dict((*arrived, *moved, *unmoved))


def _origin(one: ScannedFile, missed: Iterable[SeenSource]) -> SeenSource | None:
    """Return the missed file that this one was: by its digest, or an object's tag and size."""
    listed = one.listed
    for before in missed:
        if one.sha256 is not None and before.sha256 is not None:
            if one.sha256 == before.sha256:
                return before
        elif (before.size, before.stamp) == (listed.size, listed.stamp):
            return before
    return None


def _content_of(before: SeenSource) -> str:
    """Return what ``ScannedFile.content`` is of the same file."""
    tag = f"{before.stamp}:{before.size}" if before.locator.startswith("s3://") else ""
    return before.sha256 or tag or before.locator


def _id_of(one: ScannedFile) -> str:
    listed = one.listed
    digest = one.sha256 or sha256_of_bytes(f"{listed.stamp}:{listed.size}".encode())
    return video_id_for(listed.stem, digest)
