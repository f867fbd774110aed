"""An upload's key is one video's: no other one stores there, or removes what lies there."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from reelworks.domain.artifact_keys import upload_key
from reelworks.domain.digest import sha256_of_bytes
from reelworks.errors import BusyError, ConflictError
from reelworks.pipeline.run_context import RunContext, open_run_context
from reelworks.settings import Settings
from reelworks.store.library.removal import remove_files, remove_video
from reelworks.store.library.upload_keys import storing_upload, trying_upload
from reelworks.store.library.video_writes import NewVideo, add_video, media_keys

KEY = "uploads/v_team_meeting.mp4"
"""Of ``v`` with ``team_meeting.mp4``, and of ``v_team`` with ``meeting.mp4``."""


@pytest.fixture
def ctx(clean_settings: Settings) -> Iterator[RunContext]:
    with open_run_context(clean_settings) as made:
        yield made


def add(ctx: RunContext, video_id: str, name: str) -> tuple[str, bool]:
    key = upload_key(video_id, name)
    digest = sha256_of_bytes(video_id.encode())
    new = NewVideo(video_id, f"s3://b/{key}", "T", upload_path=key, sha256=digest)
    added = add_video(ctx.engine, new)
    return added.id, added.new


def go_on() -> None:
    """Wait on."""


def store(ctx: RunContext, key: str = KEY) -> None:
    ctx.store.put_bytes(key, b"x", "video/mp4")


def test_a_key_that_another_video_has_is_refused_and_leaves_no_row(ctx):
    assert add(ctx, "v", "team_meeting.mp4") == ("v", True)

    with pytest.raises(ConflictError, match="source of the video v; choose another id"):
        add(ctx, "v_team", "meeting.mp4")
    with (
        pytest.raises(ConflictError),
        storing_upload(ctx.engine, "v_team", KEY, should_stop=go_on),
    ):
        pytest.fail("another's key was lent")
    assert add(ctx, "v_team", "other.mp4") == ("v_team", True)
    with storing_upload(ctx.engine, "v", KEY, should_stop=go_on):
        pass


def test_of_two_videos_that_want_one_key_at_once_one_gets_it(ctx):
    def want(one: tuple[str, str]) -> bool:
        try:
            return add(ctx, *one)[1]
        except ConflictError:
            return False

    with ThreadPoolExecutor(2) as both:
        for turn in range(20):
            wanted = (f"v{turn}", "team_meeting.mp4"), (f"v{turn}_team", "meeting.mp4")
            assert sum(both.map(want, wanted)) == 1


def test_a_key_whose_file_is_being_stored_is_taken(ctx):
    with storing_upload(ctx.engine, "v", KEY, should_stop=go_on):
        with pytest.raises(BusyError, match="try again"):
            add(ctx, "v_team", "meeting.mp4")
        with trying_upload(ctx.engine, KEY) as locked:
            assert not locked
        store(ctx)
        remove_files(ctx.engine, ctx.store, "v_team")
        assert ctx.store.head(KEY) is not None
    with trying_upload(ctx.engine, KEY) as locked:
        assert locked


def test_removing_a_video_keeps_what_another_one_s_row_names(ctx):
    add(ctx, "v", "team_meeting.mp4")
    store(ctx)
    add(ctx, "v_team", "other.mp4")
    store(ctx, "uploads/v_team_other.mp4")

    remove_video(ctx.engine, ctx.store, "v_team")

    assert media_keys(ctx.engine, "v").upload == KEY
    assert list(ctx.store.keys("uploads/")) == [KEY]


def test_removing_a_video_takes_its_own_file_whatever_it_looks_like(ctx):
    add(ctx, "v", "team_meeting.mp4")
    store(ctx)
    add(ctx, "v_team", "other.mp4")
    store(ctx, "uploads/v_team_other.mp4")

    remove_video(ctx.engine, ctx.store, "v")

    assert list(ctx.store.keys("uploads/")) == ["uploads/v_team_other.mp4"]
