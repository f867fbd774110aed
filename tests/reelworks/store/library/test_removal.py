"""A removed video leaves nothing behind, and takes nothing of another one along."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from sqlalchemy import text

from reelworks.domain.jobs.cancellation import never_cancelled
from reelworks.errors import StoreRefusedError
from reelworks.pipeline.run_context import RunContext, open_run_context
from reelworks.pipeline.stage_cache import (
    StageCall,
    StageOutput,
    StageResult,
    get_or_compute,
    item_cache,
)
from reelworks.settings import Settings
from reelworks.store.db.database import transaction
from reelworks.store.library.removal import finish_removals, remove_files, remove_video

ITEM = "ab" * 32


@pytest.fixture
def ctx(clean_settings: Settings) -> Iterator[RunContext]:
    with open_run_context(clean_settings) as made:
        yield made


def indexed(ctx: RunContext, video_id: str, *, content: str = "c") -> StageResult[str]:
    """What a stage does for a video: a row, an item, a file, an answer."""
    with transaction(ctx.engine) as connection:
        connection.execute(
            text(
                "INSERT INTO videos (id, original_path) VALUES (:id, '/x') ON CONFLICT DO NOTHING"
            ),
            {"id": video_id},
        )
    question = StageCall[str](
        stage="vision",
        version=1,
        result_type=str,
        artifact_key=lambda name: f"frames/{video_id}/{name}",
        inputs={"content": content},
        video_id=video_id,
    )

    def compute(room: Path) -> StageOutput[str]:
        item_cache("vision", ctx, video_id).put(ITEM, b"a description")
        (room / "scene_000.jpg").write_bytes(content.encode())
        return StageOutput("seen", {"scene_000.jpg": room / "scene_000.jpg"})

    return get_or_compute(question, compute, ctx, check_cancelled=never_cancelled)


def keys(ctx: RunContext) -> list[str]:
    return list(ctx.store.keys(""))


def test_nothing_of_a_video_remains(ctx):
    indexed(ctx, "talk")
    assert len(keys(ctx)) >= 5

    assert remove_video(ctx.engine, ctx.store, "talk") is True

    assert keys(ctx) == []
    assert remove_video(ctx.engine, ctx.store, "talk") is False


def test_what_another_video_has_as_well_stays_until_it_goes_too(ctx):
    indexed(ctx, "talk")
    assert indexed(ctx, "copy").cached

    remove_video(ctx.engine, ctx.store, "talk")
    again = indexed(ctx, "copy")

    assert again.cached
    assert ctx.store.get_bytes("frames/copy/scene_000.jpg") == b"c"
    assert not [key for key in keys(ctx) if "talk" in key]
    remove_video(ctx.engine, ctx.store, "copy")
    assert keys(ctx) == []


def test_a_video_whose_name_goes_on_is_another_one(ctx):
    indexed(ctx, "talk", content="1")
    indexed(ctx, "talk_2", content="2")
    for key in ("uploads/talk_a.mp4", "uploads/talk_2_a.mp4"):
        ctx.store.put_bytes(key, b"x", "video/mp4")

    remove_video(ctx.engine, ctx.store, "talk")

    assert ctx.store.head("uploads/talk_a.mp4") is None
    assert ctx.store.head("uploads/talk_2_a.mp4") is not None
    assert ctx.store.head("frames/talk_2/scene_000.jpg") is not None
    assert indexed(ctx, "talk_2", content="2").cached


def test_a_computation_that_died_left_a_trail(ctx):
    def die(_: Path) -> StageOutput[str]:
        item_cache("vision", ctx, "talk").put(ITEM, b"a description")
        raise KeyboardInterrupt

    question = StageCall[str](
        stage="vision", version=1, result_type=str, artifact_key=str, inputs={}, video_id="talk"
    )
    with pytest.raises(KeyboardInterrupt):
        get_or_compute(question, die, ctx, check_cancelled=never_cancelled)

    assert remove_files(ctx.engine, ctx.store, "talk") > 0
    assert keys(ctx) == []


class _Refusal:
    """An answer's body, as the SDK reads one."""

    def __init__(self, code: str) -> None:
        self.content = f"<Error><Code>{code}</Code><Message>No.</Message></Error>".encode()

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self.content


def refuse(ctx: RunContext, operation: str, status: int, code: str, *, unless: str = "") -> Any:
    """Answer an operation like another server does; returns what undoes it."""

    def answer(request: Any, **_: Any) -> AWSResponse | None:
        if unless and unless in request.headers:
            return None
        return AWSResponse(request.url, status, {}, _Refusal(code))

    event = f"before-send.s3.{operation}"
    ctx.store._client.meta.events.register(event, answer)
    return lambda: ctx.store._client.meta.events.unregister(event, answer)


def test_a_server_that_wants_content_md5_removes_every_object(ctx):
    refuse(ctx, "DeleteObjects", 400, "MissingContentMD5", unless="Content-MD5")
    indexed(ctx, "talk")
    remove_video(ctx.engine, ctx.store, "talk")
    assert keys(ctx) == []


@pytest.mark.parametrize(
    ("status", "code"),
    [(501, "NotImplemented"), (400, "InvalidRequest"), (405, "MethodNotAllowed")],
)
def test_a_server_that_takes_no_batches_removes_one_by_one(ctx, status, code):
    refuse(ctx, "DeleteObjects", status, code)
    indexed(ctx, "talk")
    remove_video(ctx.engine, ctx.store, "talk")
    assert keys(ctx) == []


def test_what_the_store_refused_to_remove_is_owed_and_goes_later(ctx):
    indexed(ctx, "talk")
    ctx.store.put_bytes("uploads/talk_a.mp4", b"x", "video/mp4")
    allow = refuse(ctx, "DeleteObjects", 403, "AccessDenied")
    with pytest.raises(StoreRefusedError):
        remove_video(ctx.engine, ctx.store, "talk")
    assert finish_removals(ctx.engine, ctx.store) == 0, "refused again, and still owed"
    assert keys(ctx) != []

    allow()
    assert finish_removals(ctx.engine, ctx.store) > 0
    assert keys(ctx) == []
    assert finish_removals(ctx.engine, ctx.store) == 0


def test_files_of_a_video_that_was_added_again_are_its_own(ctx):
    indexed(ctx, "talk")
    allow = refuse(ctx, "DeleteObjects", 403, "AccessDenied")
    with pytest.raises(StoreRefusedError):
        remove_video(ctx.engine, ctx.store, "talk")
    allow()
    indexed(ctx, "talk")
    there = keys(ctx)
    assert finish_removals(ctx.engine, ctx.store) == 0
    assert keys(ctx) == there
