"""Names of files that are taken from a folder."""

from __future__ import annotations

import pytest

from reelworks.domain.video.media_names import has_media_suffix, is_hidden


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("talk.mp4", True),
        ("TALK.MP4", True),
        ("a/b/talk.final.WebM", True),
        ("song.opus", True),
        ("._talk.mp4", False),
        (".mp4", False),
        ("a/.hidden.mkv", False),
        (".folder/talk.mp4", True),
        ("talk.mp4.part", False),
        ("notes.txt", False),
        ("mp4", False),
    ],
)
def test_which_names_are_taken(name: str, taken: bool) -> None:
    assert (has_media_suffix(name) and not is_hidden(name)) is taken
