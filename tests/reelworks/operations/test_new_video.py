"""The row of a new video: its id, title and location."""

from __future__ import annotations

import pytest

from reelworks.domain.digest import sha256_of_bytes
from reelworks.domain.ids import is_video_id, video_id_for
from reelworks.domain.library.access import LOCAL, Caller, Scope
from reelworks.operations.new_video import VideoFields, new_video
from reelworks.store.library.video_writes import NewVideo

ANN = Caller("ann", (Scope.SUBMIT,))
SIGNED = "https://media.example.org/Team%20talk.mp4?X-Amz-Signature=abc"
NOTHING = VideoFields()


def test_id_and_title_are_made_of_the_files_name_and_the_location_is_shown_without_secrets() -> (
    None
):
    made = new_video("Team talk.mp4", SIGNED, NOTHING, ANN)

    assert made == NewVideo(
        id=video_id_for("Team talk", sha256_of_bytes(SIGNED.encode())),
        original_path=made.original_path,
        title="Team talk",
        added_by="ann",
    )
    assert made.id.startswith("team-talk-")
    assert made.original_path.startswith("https://media.example.org/Team%20talk.mp4")
    assert "abc" not in made.original_path
    assert new_video("Team talk.mp4", f"{SIGNED}d", NOTHING, ANN).id != made.id


def test_what_is_stated_goes_before_it() -> None:
    stated = VideoFields("mine", "The talk", "talks", "en")
    made = new_video("a.mp4", "/films/a.mp4", stated, LOCAL, sha256="ab" * 32)

    assert made == NewVideo(
        id="mine",
        original_path="/films/a.mp4",
        title="The talk",
        library="talks",
        sha256="ab" * 32,
        language="en",
        is_id_stated=True,
        is_title_stated=True,
    )


def test_the_same_bytes_have_one_id_wherever_they_lie() -> None:
    ids = {
        new_video("a.mp4", location, NOTHING, LOCAL, sha256="ab" * 32).id
        for location in ("/films/a.mp4", "s3://b/a.mp4")
    }
    assert ids == {video_id_for("a", "ab" * 32)}


@pytest.mark.parametrize(
    ("name", "title"), [("", "video"), (".mp4", ".mp4"), ("..", ".."), ("a.tar.mp4", "a.tar")]
)
def test_a_video_always_has_a_title_and_an_id(name: str, title: str) -> None:
    made = new_video(name, f"/films/{name}", NOTHING, LOCAL)
    assert made.title == title
    assert is_video_id(made.id)
