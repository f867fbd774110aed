"""A library is embedded again beside the vectors that search uses; cached results stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from reelworks.domain.library.library import VideoStatus
from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.domain.video.vision import Box, Described, FrameDescription, ScreenText, VisionResult
from reelworks.errors import SettingsError
from reelworks.operations.reembed import reembed
from reelworks.pipeline.capabilities import make_embedder
from reelworks.pipeline.embedders import QueryEmbedders, embedder_named, embedder_of
from reelworks.pipeline.run_context import RunContext, open_run_context, prepare_services
from reelworks.pipeline.video_vectors import Texts, embed_and_publish, embedders_for, searchable
from reelworks.settings import Provider, Settings
from reelworks.store.library.publish import (
    publish_captions,
    publish_frames,
    publish_scenes,
    publish_transcript,
)
from reelworks.store.library.video_status import claim_video, set_status
from reelworks.store.search.embedding_models import live_model, missing_videos, model_states, switch
from reelworks.store.search.publish_vectors import publish_segment_vectors
from tests.support.openai_server import EMBED, OpenAiServer

LINES = ("We choose to go to the moon.", "It was the best of times.", " ")
SCREEN = FrameDescription(None, text=(ScreenText("Save changes", Box(0, 0, 1, 1)),))


@pytest.fixture
def ctx(clean_settings: Settings, models_dir) -> Iterator[RunContext]:
    settings = clean_settings.with_values(models_dir=models_dir)
    prepare_services(settings)
    with open_run_context(settings) as opened:
        yield opened


def add(ctx: RunContext, video_id: str) -> None:
    engine = ctx.engine
    claim_video(engine, video_id, original_path="/in/talk.mp4")
    said = Transcript("en", tuple(Segment(n, n + 1.0, line) for n, line in enumerate(LINES)))
    publish_transcript(engine, video_id, said, "local/heard@1")
    publish_scenes(engine, video_id, [Scene(0, 0.0, 3.0)])
    frame = Frame(0, 0, 1.0, "0" * 16, "0" * 64, 640, 360, 1.0)
    publish_frames(engine, video_id, [frame], {0: "frames/x.jpg"})
    publish_captions(engine, video_id, VisionResult((Described(0, SCREEN),)), "local/seen@1")
    set_status(engine, video_id, VideoStatus.READY)


def hosted(ctx: RunContext, server: OpenAiServer) -> Settings:
    """The same run context, with another embedding model in the settings."""
    return ctx.settings.with_values(
        embed_provider=Provider.OPENAI,
        embed_dimensions=64,
        openai_base_url=server.base_url,
        openai_api_key=SecretStr(server.key),
    )


def silent(done: float, total: float) -> None:
    """Progress that is not looked at."""


def complete(ctx: RunContext) -> dict[str, float]:
    return {one.stored.model: one.complete for one in model_states(ctx.engine)}


def test_a_library_changes_its_model_and_goes_back(
    ctx: RunContext, openai_server: OpenAiServer
) -> None:
    add(ctx, "one")
    add(ctx, "two")
    old = make_embedder(ctx.settings)
    assert reembed(ctx, old, silent) == 2
    assert live_model(ctx.engine) == str(old.model)
    new = make_embedder(hosted(ctx, openai_server))
    steps: list[tuple[float, float]] = []
    assert reembed(ctx, new, lambda *step: steps.append(step)) == 2
    assert steps[-1] == (2, 2)
    assert complete(ctx) == {str(old.model): 1.0, str(new.model): 1.0}
    assert live_model(ctx.engine) == str(old.model)
    switch(ctx.engine, str(new.model))
    payload = openai_server.count(EMBED)
    assert reembed(ctx, new, silent) == 0
    assert openai_server.count(EMBED) == payload
    switch(ctx.engine, str(old.model))


def test_what_a_stopped_build_or_an_indexing_run_made_is_not_computed_again(
    ctx: RunContext, openai_server: OpenAiServer
) -> None:
    add(ctx, "one")
    reembed(ctx, make_embedder(ctx.settings), silent)
    new = make_embedder(hosted(ctx, openai_server))
    said = Texts("embed_speech", "one", list(LINES), publish_segment_vectors)
    embed_and_publish(said, [new], ctx, silent)  # as an indexing run does it
    payload = openai_server.count(EMBED)
    assert missing_videos(ctx.engine, str(new.model)) == ["one"]  # its frame
    reembed(ctx, new, silent)
    assert openai_server.count(EMBED) == payload + 1
    assert missing_videos(ctx.engine, str(new.model)) == []


def test_while_another_model_is_live_an_indexing_run_embeds_with_both(
    ctx: RunContext, openai_server: OpenAiServer
) -> None:
    assert len(embedders_for(ctx.settings, ctx.engine)) == 1
    add(ctx, "one")
    reembed(ctx, make_embedder(ctx.settings), silent)
    changed = hosted(ctx, openai_server)
    embedders = embedders_for(changed, ctx.engine)
    add(ctx, "two")
    said = Texts("embed_speech", "two", list(LINES), publish_segment_vectors)
    embed_and_publish(said, embedders, replace(ctx, settings=changed), silent)
    live, other = model_states(ctx.engine)
    assert (live.stored.live, live.rows, live.missing) == (True, 5, 0)
    assert (other.stored.fills, other.rows) == (False, 2)


def test_a_model_is_found_by_the_name_that_rows_hold(
    ctx: RunContext, openai_server: OpenAiServer
) -> None:
    settings = hosted(ctx, openai_server)
    local, remote = make_embedder(ctx.settings), make_embedder(settings)
    for embedder in (local, remote):
        found = embedder_of(settings, str(embedder.model))
        assert found is not None and found.model == embedder.model
    assert embedder_of(ctx.settings, "local/nothing@1") is None
    assert embedder_of(ctx.settings, "openai/text-embedding-3-small@64d") is None  # no key
    assert embedder_named(settings, local.model.name).model == local.model
    assert embedder_named(settings, remote.model.name).model == remote.model
    with pytest.raises(SettingsError, match="nothing-of-ours"):
        embedder_named(settings, "nothing-of-ours")
    embedders = QueryEmbedders(settings)
    assert len(embedders[str(remote.model)]("moon")) == 64
    assert "hosted/else" not in embedders
    assert list(embedders) == [str(remote.model)]


def test_all_that_is_read_on_a_frame_is_searchable() -> None:
    assert searchable(SCREEN) == "Save changes"
