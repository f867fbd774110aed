"""Which video a given source is, and what the caller gets as notes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reelworks.domain.library.known_content import (
    GivenSource,
    KnownVideo,
    first_choice,
    joined_note,
    match_video,
    notes_of,
)

C, D = "c" * 64, "d" * 64
OLD = KnownVideo("old", "Old talk", ("talks",), C)
READY = KnownVideo("ready", "Talk", ("talks", "archive"), C, was_ready=True)
FILM = KnownVideo("film", "Film", ("films",), C)
GIVEN = GivenSource("copy-cccccccc", is_id_stated=False, sha256=C, library="films")


@pytest.mark.parametrize(
    ("known", "library", "chosen"),
    [
        ([OLD, READY, FILM], "films", "film"),
        ([OLD, READY, FILM], "archive", "ready"),
        ([OLD, READY], "films", "ready"),
        ([OLD, replace(OLD, id="older")], None, "old"),
        ([replace(READY, sha256=D)], "talks", None),
        ([], "talks", None),
    ],
)
def test_of_several_videos_with_the_same_bytes(known, library, chosen):
    found = first_choice(C, library, known)
    assert (found and found.id) == chosen


@pytest.mark.parametrize(
    ("given", "known", "matched"),
    [
        (GIVEN, [READY], "ready"),  # the content decides
        (replace(GIVEN, id="mine", is_id_stated=True), [READY], None),  # a stated id decides
        (replace(GIVEN, id="ready", is_id_stated=True), [READY, FILM], "ready"),
        (replace(GIVEN, id="ready", sha256=None), [READY], "ready"),  # bytes not read yet
        (replace(GIVEN, sha256=D), [READY], None),
        (replace(GIVEN, id="ready", sha256=D), [READY], "ready"),
    ],
)
def test_which_video_a_source_is(given, known, matched):
    found = match_video(given, known)
    assert (found and found.id) == matched


@pytest.mark.parametrize(
    ("given", "notes"),
    [
        (
            GIVEN,
            (
                "The library has this content as the video ready.",
                "The video is in the library films now; it stays in talks, too.",
            ),
        ),
        (
            replace(GIVEN, library="archive", title="Copy"),
            (
                "The library has this content as the video ready.",
                'Its title stays "Talk"; "Copy" is recorded beside it.',
            ),
        ),
        (replace(GIVEN, id="ready", library=None, title="Talk"), ()),
        (
            replace(GIVEN, id="mine", is_id_stated=True),
            ("The same content is also the video ready of the library talks.",),
        ),
        (replace(GIVEN, sha256=D), ()),
    ],
)
def test_what_the_giver_is_told(given, notes):
    assert notes_of(given, match_video(given, [READY]), [READY]) == notes


def test_the_twin_of_a_video_that_is_given_again_by_its_id():
    given = replace(GIVEN, id="ready", is_id_stated=True, library=None)
    assert notes_of(given, READY, [READY, FILM]) == (
        "The same content is also the video film of the library films.",
    )


def test_one_video_and_several():
    assert joined_note(1, "films", "talks").startswith("The video is in the library films now")
    assert joined_note(3, "films", "talks").startswith("3 known videos are in the library films")
