"""Candidates: which video a file is, and which candidates a selection matches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reelworks.domain.digest import sha256_of_bytes
from reelworks.domain.ids import video_id_for
from reelworks.domain.library.selection import SelectionKind, VideoSelection
from reelworks.errors import InputError
from reelworks.operations.backfill.cache_status import CacheStatus
from reelworks.operations.backfill.candidates import (
    Candidate,
    candidate_of_file,
    candidate_of_video,
    candidates_of_files,
    is_new,
    matches,
    validate_selection,
)
from reelworks.operations.backfill.scanned_files import ScannedFile, as_seen, is_changed
from reelworks.operations.backfill.source_listing import FileEntry
from reelworks.store.library.work_history import VideoFacts

READY = VideoFacts("talk", "default", "ready", True, "/talk.mp4", "a" * 64, 60.0, "en")
FILE = ScannedFile(FileEntry("/films/talk.mp4", 10, "stamp"), "a" * 64, 60.0)
EVERYTHING = CacheStatus(frozenset({"vision", "frames"}))


def wanted(*kinds: SelectionKind, stages: tuple[str, ...] = ()) -> VideoSelection:
    return VideoSelection(only=frozenset(kinds), stages=stages)


def test_a_selection_of_no_kind_matches_all() -> None:
    assert matches(candidate_of_video(READY), CacheStatus(), VideoSelection(), set())


@pytest.mark.parametrize(
    ("candidate", "status", "selection", "older", "expected"),
    [
        (candidate_of_video(READY), EVERYTHING, wanted(SelectionKind.NEW), set(), False),
        (
            candidate_of_video(replace(READY, status="failed")),
            EVERYTHING,
            wanted(SelectionKind.FAILED),
            (),
            True,
        ),
        (candidate_of_video(READY), EVERYTHING, wanted(SelectionKind.FAILED), (), False),
        (
            candidate_of_video(READY),
            EVERYTHING,
            wanted(SelectionKind.MISSING, stages=("vision",)),
            (),
            False,
        ),
        (
            candidate_of_video(READY),
            EVERYTHING,
            wanted(SelectionKind.MISSING, stages=("vision", "scenes")),
            (),
            True,
        ),
        (candidate_of_video(READY), EVERYTHING, wanted(SelectionKind.OLDER_MODEL), {"talk"}, True),
        (
            candidate_of_video(READY),
            EVERYTHING,
            wanted(SelectionKind.OLDER_MODEL),
            {"other"},
            False,
        ),
        (
            candidate_of_video(replace(READY, status="failed")),
            EVERYTHING,
            wanted(SelectionKind.NEW, SelectionKind.FAILED),
            (),
            True,
        ),
    ],
)
def test_a_candidate_matches_by_any_of_the_kinds(
    candidate: Candidate, status: CacheStatus, selection: VideoSelection, older: Any, expected: bool
) -> None:
    assert matches(candidate, status, selection, set(older)) is expected


@pytest.mark.parametrize(
    ("facts", "changes", "expected"),
    [
        (None, {}, True),
        (replace(READY, was_ready=False, status="pending"), {}, True),
        (replace(READY, was_ready=False, status="failed"), {}, False),
        (READY, {}, False),
        (READY, {"changed": True}, True),
        (READY, {"sha256": "b" * 64}, True),
        (READY, {"sha256": None}, False),
        (replace(READY, sha256=None), {}, False),
    ],
)
def test_new_is_what_the_library_has_not_or_with_another_content(
    facts: VideoFacts | None, changes: dict[str, Any], expected: bool
) -> None:
    one = replace(candidate_of_video(READY), facts=facts, **changes)
    assert is_new(one) is expected


def test_an_unknown_file_is_a_video_named_by_its_content() -> None:
    one = candidate_of_file(FILE, {}, {}, {})
    assert one.video_id == video_id_for("talk", "a" * 64)
    assert (one.facts, one.changed, one.stamp) == (None, False, "stamp")


def test_a_file_that_was_not_read_is_named_by_stamp_and_size() -> None:
    one = candidate_of_file(replace(FILE, sha256=None), {}, {}, {})
    assert one.video_id == video_id_for("talk", sha256_of_bytes(b"stamp:10"))


def test_a_file_with_a_known_content_is_that_video() -> None:
    one = candidate_of_file(FILE, {}, {"talk": READY}, {"a" * 64: READY})
    assert (one.video_id, one.facts) == ("talk", READY)


def test_a_file_that_was_written_to_stays_its_video() -> None:
    seen = as_seen(FILE, "/films", "talk")
    now = replace(FILE, listed=replace(FILE.listed, size=11), sha256="b" * 64)
    one = candidate_of_file(now, {FILE.listed.locator: seen}, {"talk": READY}, {})

    assert (one.video_id, one.changed) == ("talk", True)
    assert is_new(one)


def test_a_touched_file_with_the_same_content_is_not_changed() -> None:
    seen = as_seen(FILE, "/films", "talk")
    touched = replace(FILE, listed=replace(FILE.listed, stamp="later"))

    assert not is_changed(FILE, seen)
    assert not is_changed(touched, seen)
    assert is_changed(replace(touched, sha256=None), seen), "nothing says that it is the same"


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (VideoSelection(stages=("dance",)), "no stage dance; the stages are ingest, extract_audio"),
        (wanted(SelectionKind.MISSING), "go together"),
        (VideoSelection(stages=("vision",)), "go together"),
        (VideoSelection(limit=0), "at least 1"),
        (VideoSelection(source="/f", title="t", ids=("a",)), "selected by ids, title"),
    ],
)
def test_an_invalid_selection_is_one_sentence(selection: VideoSelection, message: str) -> None:
    with pytest.raises(InputError, match=message):
        validate_selection(selection)


def test_a_valid_selection_passes() -> None:
    validate_selection(wanted(SelectionKind.MISSING, stages=("vision", "embed_picture")))


def test_files_of_one_content_are_one_new_video() -> None:
    one, two = (replace(FILE, listed=FileEntry(f"/films/{n}.mp4", 10, n)) for n in "ab")
    other = replace(FILE, sha256="b" * 64)
    candidates = candidates_of_files([one, two, other], {}, {}, {})
    ids = [candidate.video_id for candidate in candidates]
    assert ids[0] == ids[1] == video_id_for("a", "a" * 64)
    assert ids[2] == video_id_for("talk", "b" * 64)
    assert [candidate.source for candidate in candidates] == [
        one.listed.locator,
        two.listed.locator,
        other.listed.locator,
    ]
