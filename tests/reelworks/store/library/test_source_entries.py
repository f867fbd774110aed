"""What was seen of a library's files is remembered, and what is missed is flagged."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from reelworks.store.db.database import transaction
from reelworks.store.library.source_entries import (
    SeenSource,
    forget_sources,
    miss_sources,
    move_video,
    remember_copies,
    remember_sources,
    sources_of,
)
from reelworks.store.library.video_reads import get_summary

A = SeenSource("/f/a.mp4", "/f", 10, "t1", "0" * 64, 5.5, None)


@pytest.fixture(autouse=True)
def empty(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("TRUNCATE videos, sources CASCADE"))
        connection.execute(text("INSERT INTO videos (id, original_path) VALUES ('v', '/f/a.mp4')"))


def test_what_was_seen_is_read_back(engine: Engine) -> None:
    remember_sources(engine, "films", [A, replace(A, locator="/g/b.mp4", root="/g")])

    assert sources_of(engine, "films", "/f") == {A.locator: A}
    assert len(sources_of(engine, "films")) == 2
    assert sources_of(engine, "news") == {}


def test_a_look_that_knows_no_video_leaves_the_one_that_is_known(engine: Engine) -> None:
    remember_sources(engine, "films", [replace(A, video_id="v")])
    remember_sources(engine, "films", [replace(A, stamp="t2")])

    assert sources_of(engine, "films")[A.locator] == replace(A, stamp="t2", video_id="v")


def test_a_video_is_gone_when_all_of_its_files_are(engine: Engine) -> None:
    copy = replace(A, locator="/f/copy.mp4", video_id="v")
    remember_sources(engine, "films", [replace(A, video_id="v"), copy])
    miss_sources(engine, "films", [A.locator])
    assert get_summary(engine, "v").gone_at is None

    miss_sources(engine, "films", [copy.locator])
    since = get_summary(engine, "v").gone_at
    assert since is not None
    miss_sources(engine, "films", [copy.locator])
    assert get_summary(engine, "v").gone_at == since, "the first time counts"

    remember_sources(engine, "films", [copy])
    assert get_summary(engine, "v").gone_at is None


def test_a_row_follows_its_file_and_no_other(engine: Engine) -> None:
    remember_sources(engine, "films", [A])
    move_video(engine, "v", "/elsewhere.mp4", "/x.mp4")
    assert get_summary(engine, "v").original_path == "/f/a.mp4"

    move_video(engine, "v", "/f/a.mp4", "/g/a.mp4")
    forget_sources(engine, "films", [A.locator])
    assert get_summary(engine, "v").original_path == "/g/a.mp4"
    assert sources_of(engine, "films") == {}


def test_files_of_a_known_content_are_its_video(engine: Engine) -> None:
    tag = replace(A, sha256=None, locator="s3://b/a.mp4", video_id="v", stamp="tag")
    remember_sources(engine, "films", [replace(A, video_id="v"), tag])
    copies = [
        replace(A, locator="/f/copy.mp4"),
        replace(tag, locator="s3://b/copy.mp4", video_id=None),
        replace(A, locator="/f/unread.mp4", sha256=None, stamp="tag"),
        replace(A, locator="/f/other.mp4", sha256="1" * 64),
    ]
    remember_sources(engine, "films", copies)
    remember_sources(engine, "news", copies)
    remember_copies(engine, "films")

    found = {locator: one.video_id for locator, one in sources_of(engine, "films").items()}
    assert [found[one.locator] for one in copies] == ["v", "v", None, None]
    assert {one.video_id for one in sources_of(engine, "news").values()} == {None}
