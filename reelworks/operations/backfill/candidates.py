"""Candidates of a backfill, and which of them a selection matches. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reelworks.domain.digest import sha256_of_bytes
from reelworks.domain.ids import video_id_for
from reelworks.domain.library.selection import SelectionKind, VideoSelection
from reelworks.errors import InputError
from reelworks.operations.backfill.cache_status import CacheStatus
from reelworks.operations.backfill.scanned_files import ScannedFile, is_changed
from reelworks.pipeline.spec import Stage
from reelworks.store.library.source_entries import SeenSource
from reelworks.store.library.work_history import VideoFacts


@dataclass(frozen=True, slots=True)
class Candidate:
    """A video that a backfill may include."""

    video_id: str
    source: str | None
    size: int
    seconds: float | None
    sha256: str | None
    facts: VideoFacts | None
    """Of its row; None: it has none."""
    stamp: str | None = None
    changed: bool = False
    """True when its content differs from what its video was indexed from."""
    note: str | None = None


def validate_selection(selection: VideoSelection) -> None:
    """Raise ``InputError`` for a selection that contradicts itself or names an unknown stage."""
    unknown = [stage for stage in selection.stages if stage not in set(Stage)]
    if unknown:
        raise InputError(f"There is no stage {unknown[0]}; the stages are {', '.join(Stage)}.")
    if (SelectionKind.MISSING in selection.only) != bool(selection.stages):
        raise InputError("The kind missing and a stage go together; give both or neither.")
    if selection.limit is not None and selection.limit < 1:
        raise InputError("The limit must be at least 1.")
    if selection.source is not None and selection.row_conditions:
        names = ", ".join(selection.row_conditions)
        raise InputError(f"Files of a source cannot be selected by {names}.")


def matches(
    one: Candidate, status: CacheStatus, selection: VideoSelection, older: set[str]
) -> bool:
    """True when a selection includes a candidate; ``older`` are those with outdated models."""
    if not selection.only:
        return True
    return (
        (SelectionKind.NEW in selection.only and is_new(one))
        or (
            SelectionKind.FAILED in selection.only
            and one.facts is not None
            and one.facts.status == "failed"
        )
        or (SelectionKind.MISSING in selection.only and not set(selection.stages) <= status.stages)
        or (SelectionKind.OLDER_MODEL in selection.only and one.video_id in older)
    )


def is_new(one: Candidate) -> bool:
    """True when the library does not have it, or has it with another content."""
    facts = one.facts
    if facts is None or (not facts.was_ready and facts.status == "pending"):
        return True
    differs = None not in (one.sha256, facts.sha256) and one.sha256 != facts.sha256
    return one.changed or differs


def candidate_of_video(facts: VideoFacts) -> Candidate:
    """Return the candidate that is a video of the library."""
    return Candidate(facts.video_id, None, 0, facts.seconds, facts.sha256, facts)


def candidates_of_files(
    found: Iterable[ScannedFile],
    known: Mapping[str, SeenSource],
    by_id: Mapping[str, VideoFacts],
    by_content: Mapping[str, VideoFacts],
) -> list[Candidate]:
    """Return the candidates that are files, in order: files of one content are one video."""
    placed: dict[str, str] = {}
    candidates = []
    for one in found:
        candidate = candidate_of_file(one, known, by_id, by_content)
        first = placed.get(one.content or "")
        if first is not None and candidate.facts is None:
            candidate = replace(candidate, video_id=first, facts=by_id.get(first))
        elif one.content is not None:
            placed.setdefault(one.content, candidate.video_id)
        candidates.append(candidate)
    return candidates


def candidate_of_file(
    found: ScannedFile,
    known: Mapping[str, SeenSource],
    by_id: Mapping[str, VideoFacts],
    by_content: Mapping[str, VideoFacts],
) -> Candidate:
    """Return the candidate that is a file.

    Its video is the one that the file was before, else the one with its content, else a new one.
    """
    listed = found.listed
    seen = known.get(listed.locator)
    facts = by_content.get(found.sha256 or "")
    if seen is not None and seen.video_id is not None:
        facts = by_id.get(seen.video_id, facts)
    # An object that was not read has no digest: its entity tag and size identify its content.
    digest = found.sha256 or sha256_of_bytes(f"{listed.stamp}:{listed.size}".encode())
    video_id = facts.video_id if facts else video_id_for(listed.stem, digest)
    return Candidate(
        video_id=video_id,
        source=listed.locator,
        size=listed.size,
        seconds=found.seconds,
        sha256=found.sha256,
        facts=facts or by_id.get(video_id),
        stamp=listed.stamp,
        changed=seen is not None and seen.video_id is not None and is_changed(found, seen),
        note=found.note,
    )
