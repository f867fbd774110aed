"""A video's document says what its row says, whatever happens meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from infra.services.supervision.parts import ServicePaths
from reelworks.errors import UnknownVideoError
from reelworks.pipeline.run_context import RunContext, open_run_context
from reelworks.settings import Settings
from reelworks.store.db.database import transaction
from reelworks.store.library.removal import remove_video
from reelworks.store.library.video_metadata import (
    VideoMetadata,
    metadata_key,
    read_metadata,
    write_metadata,
)
from reelworks.store.library.video_writes import NewVideo, add_video
from reelworks.store.objects.artifacts import Artifact, ArtifactStore
from tests.support.damage import flip_a_byte


@pytest.fixture
def ctx(clean_settings: Settings) -> Iterator[RunContext]:
    with open_run_context(clean_settings) as made:
        yield made


@pytest.fixture
def data(session_house: Settings) -> Path:
    return ServicePaths(session_house.data_dir).store.home / "data"


def noted(ctx: RunContext, video_id: str) -> bytes:
    """Add a video and write its document, whose bytes come back."""
    add_video(ctx.engine, NewVideo(video_id, f"/films/{video_id}.mp4", f"The {video_id}"))
    write_metadata(ctx.engine, ctx.store, video_id)
    stored = ctx.store.get_bytes(metadata_key(video_id))
    assert stored is not None
    return stored


def entitle(engine: Engine, title: str) -> None:
    """Change the row, which must not have to wait for it."""
    with transaction(engine) as connection:
        connection.execute(text("SET LOCAL lock_timeout = '3s'"))
        connection.execute(text("UPDATE videos SET title = :title"), {"title": title})


class Overtaken(ArtifactStore):
    """The store, with something that happens just before a document arrives in it."""

    before: Callable[[], None] | None = None

    def put_bytes(self, key: str, data: bytes, content_type: str) -> Artifact:
        happens, self.before = self.before, None
        if happens is not None:
            happens()
        return super().put_bytes(key, data, content_type)


def overtaken(settings: Settings, before: Callable[[], Any]) -> Overtaken:
    made = Overtaken.open(settings)
    assert isinstance(made, Overtaken)
    made.before = before
    return made


@pytest.mark.slow
@pytest.mark.usefixtures("short_proof_of_damage")
def test_a_document_that_cannot_be_read_is_written_again(ctx, data):
    stored = noted(ctx, "talk")
    flip_a_byte(data, stored)

    write_metadata(ctx.engine, ctx.store, "talk")

    assert ctx.store.get_bytes(metadata_key("talk")) == stored


@pytest.mark.slow
@pytest.mark.usefixtures("short_proof_of_damage")
def test_a_document_that_cannot_be_read_is_named_and_the_others_are_read(ctx, data, caplog):
    damaged = noted(ctx, "one")
    noted(ctx, "two")
    flip_a_byte(data, damaged)

    with caplog.at_level(logging.WARNING):
        found = list(read_metadata(ctx.store))

    assert [one.id for one in found] == ["two"]
    assert "videos/one.json is damaged in the store and ignored" in caplog.text


def test_a_change_meanwhile_does_not_wait_and_is_in_the_document(ctx, clean_settings):
    noted(ctx, "talk")
    entitle(ctx.engine, "Second")

    def third() -> None:
        entitle(ctx.engine, "Third")
        write_metadata(ctx.engine, ctx.store, "talk")

    write_metadata(ctx.engine, overtaken(clean_settings, third), "talk")

    (found,) = read_metadata(ctx.store)
    assert found.title == "Third"


def test_a_video_that_is_removed_meanwhile_leaves_no_document(ctx, clean_settings):
    noted(ctx, "talk")
    entitle(ctx.engine, "Second")

    def remove() -> None:
        remove_video(ctx.engine, ctx.store, "talk")

    with pytest.raises(UnknownVideoError):
        write_metadata(ctx.engine, overtaken(clean_settings, remove), "talk")

    assert list(ctx.store.keys("videos/")) == []


def test_a_video_that_is_replaced_meanwhile_has_its_own_document(ctx, clean_settings):
    noted(ctx, "talk")
    entitle(ctx.engine, "Second")

    def replace() -> None:
        remove_video(ctx.engine, ctx.store, "talk")
        add_video(ctx.engine, NewVideo("talk", "/films/other.mp4", "Another"))

    write_metadata(ctx.engine, overtaken(clean_settings, replace), "talk")

    (found,) = read_metadata(ctx.store)
    assert (found.title, found.original_path) == ("Another", "/films/other.mp4")


def test_a_video_without_a_row_keeps_its_document(ctx):
    stored = noted(ctx, "talk")
    with transaction(ctx.engine) as connection:
        connection.execute(text("DELETE FROM videos"))

    with pytest.raises(UnknownVideoError):
        write_metadata(ctx.engine, ctx.store, "talk")

    assert VideoMetadata.from_json(stored).id == "talk"
    assert ctx.store.get_bytes(metadata_key("talk")) == stored
