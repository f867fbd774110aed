"""What a request would change of a video."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.jobs.job import NewJob
from reelworks.errors import UnknownVideoError
from reelworks.store.db.database import transaction
from reelworks.store.jobs.jobs import add_jobs
from reelworks.store.library.ownership import VideoWishes, changes_of, owner_of
from reelworks.store.library.video_writes import NewVideo, add_video

URL = "https://films.example/talk.mp4"


@pytest.fixture(autouse=True)
def videos(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("TRUNCATE videos CASCADE"))
    add_video(engine, NewVideo("talk", URL, "Talk", language="en", added_by="ann"))
    add_video(engine, NewVideo("up", "up.mp4", "Up", upload_path="uploads/up_up.mp4"))


@pytest.mark.parametrize(
    ("wishes", "names"),
    [
        (VideoWishes(), ()),
        (VideoWishes(URL, "default", "en"), ()),
        (VideoWishes(library="films"), ("library",)),
        (VideoWishes(language="de"), ("language",)),
        (VideoWishes(source=f"{URL}?part=2"), ("source",)),
        (VideoWishes("/talk.mp4", "films", "de"), ("source", "library", "language")),
    ],
)
def test_what_differs_is_a_change(
    engine: Engine, wishes: VideoWishes, names: tuple[str, ...]
) -> None:
    found = changes_of(engine, "talk", wishes, bucket="b")
    assert (found.added_by, found.names) == ("ann", names)


def test_an_address_with_a_query_is_known_when_a_job_names_it_in_full(engine: Engine) -> None:
    full = f"{URL}?part=2"
    add_jobs(engine, [NewJob("j", "talk", params={"source": full})])
    assert changes_of(engine, "talk", VideoWishes(full), bucket="b").names == ()


def test_a_video_s_own_upload_is_no_other_source(engine: Engine) -> None:
    own = VideoWishes("s3://b/uploads/up_up.mp4")
    assert changes_of(engine, "up", own, bucket="b").names == ()
    assert changes_of(engine, "up", own, bucket="other").names == ("source",)


def test_the_owner_and_a_video_that_is_not_there(engine: Engine) -> None:
    assert (owner_of(engine, "talk"), owner_of(engine, "up")) == ("ann", None)
    with pytest.raises(UnknownVideoError, match="nope"):
        owner_of(engine, "nope")
