"""Known content in scans: the videos that files of a source are already, in any library.

Which of several videos with the same bytes stands for them says ``domain.library.known_content``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reelworks.domain.library.known_content import KnownVideo, first_choice, joined_note
from reelworks.pipeline.run_context import RunContext
from reelworks.store.library.video_locations import join_library
from reelworks.store.library.video_metadata import write_metadata
from reelworks.store.library.work_history import VideoFacts


def by_content(facts: Iterable[VideoFacts], library: str) -> dict[str, VideoFacts]:
    """Return the video that stands for each content, by digest; ``facts`` are in order of age."""
    same: dict[str, list[VideoFacts]] = {}
    for one in facts:
        if one.sha256 is not None:
            same.setdefault(one.sha256, []).append(one)
    return {sha256: _first(sha256, library, several) for sha256, several in same.items()}


def _first(sha256: str, library: str, several: list[VideoFacts]) -> VideoFacts:
    known = [
        KnownVideo(str(at), "", one.libraries or (one.library,), sha256, one.was_ready)
        for at, one in enumerate(several)
    ]
    chosen = first_choice(sha256, library, known)
    assert chosen is not None  # noqa: S101 - all of them have these bytes
    return several[int(chosen.id)]


def joining_notes(videos: Iterable[VideoFacts | None], library: str) -> tuple[str, ...]:
    """Return the note on known videos of other libraries that join one; none without any."""
    joining = {
        one.video_id: one
        for one in videos
        if one is not None and library not in (one.libraries or (one.library,))
    }
    if not joining:
        return ()
    others = sorted({one.library for one in joining.values()})
    return (joined_note(len(joining), library, ", ".join(others)),)


def join(ctx: RunContext, library: str, given: Mapping[str, str]) -> None:
    """Let known videos join a library; ``given`` are their ids by the location of the file.

    Raises store and database errors.
    """
    joined = join_library(ctx.engine, library, [(one, at) for at, one in given.items()])
    for video_id in joined:
        write_metadata(ctx.engine, ctx.store, video_id)
