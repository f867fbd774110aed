"""Known content by every route: it joins the library that it is given to and leaves none.

The content is the video ``talk`` of the library ``talks``, ready; each route gives it once more, as
``copy.mp4`` and to the library ``films``.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import text

from reelworks.domain.artifact_keys import metadata_key, upload_key
from reelworks.domain.digest import sha256_of_file
from reelworks.domain.jobs.backfill import Limits
from reelworks.domain.jobs.job import JobSelection
from reelworks.domain.library.access import LOCAL
from reelworks.domain.library.selection import VideoSelection
from reelworks.operations.backfill.plan import no_progress
from reelworks.operations.backfill.start import Request, start_backfill
from reelworks.operations.new_video import VideoFields, new_video
from reelworks.operations.restore import restore_library
from reelworks.operations.services import Services
from reelworks.operations.submit import Submission, submit_video
from reelworks.operations.sync import survey, synchronise
from reelworks.pipeline.run_context import RunContext
from reelworks.stages.source.ingest import localize
from reelworks.store.db.database import transaction
from reelworks.store.jobs.jobs import count_jobs
from reelworks.store.library.listing_queries import choices
from reelworks.store.library.video_locations import locations_of
from reelworks.store.library.video_reads import get_summary, list_videos
from reelworks.store.library.video_writes import NewVideo, add_video, ids_of_videos
from tasks.source.ingest import add_source

ID, HOME, OTHER = "talk", "talks", "films"


@dataclass(frozen=True)
class Route:
    """What a route works with, and the file that it gives."""

    library: Services
    ctx: RunContext
    file: Path

    @property
    def sha256(self) -> str:
        return sha256_of_file(self.file)


def by_upload(route: Route) -> tuple[str, ...]:
    stated = VideoFields(library=OTHER)
    video = new_video("copy.mp4", "copy.mp4", stated, LOCAL, sha256=route.sha256)
    sent = replace(video, upload_path=upload_key(video.id, "copy.mp4"))

    def store_file(key: str) -> bool:
        before = route.library.store.head(key)
        route.library.store.put_file(key, route.file, "video/mp4")
        return before is None

    return submit_video(route.library, LOCAL, Submission(sent, None), store_file).notes


def by_detached_command(route: Route) -> tuple[str, ...]:
    path, stated = str(route.file), VideoFields(library=OTHER)
    video = new_video(route.file.name, path, stated, LOCAL, sha256=route.sha256)
    return submit_video(route.library, LOCAL, Submission(video, path, always_index=True)).notes


def by_command(route: Route) -> tuple[str, ...]:
    ctx = route.ctx
    local = localize(str(route.file), None, ctx.scratch, ctx.store, lambda *_: None)
    return add_source(ctx, local, OTHER, is_id_stated=False).notes


def by_url(route: Route) -> tuple[str, ...]:
    """Its bytes are not read yet: it is the video of its id, which the same URL gets again."""
    url = "https://93.184.215.14/copy.mp4"
    stated = VideoFields(id=ID, library=OTHER)
    with transaction(route.ctx.engine) as connection:
        connection.execute(text("UPDATE videos SET original_path = :url"), {"url": url})
    video = new_video("copy.mp4", url, stated, LOCAL)
    return submit_video(route.library, LOCAL, Submission(video, url)).notes


def by_backfill(route: Route) -> tuple[str, ...]:
    selection = VideoSelection(source=str(route.file.parent), library=OTHER)
    started = start_backfill(route.ctx, Request(selection, Limits()), no_progress)
    return started.plan.notes if started.plan else ()  # the same one again is resumed


def by_sync(route: Route) -> tuple[str, ...]:
    seen = survey(route.ctx, str(route.file.parent), OTHER)
    done = synchronise(route.ctx, seen, Limits())
    assert done.plan.new == ()
    return done.plan.notes


ROUTES = [by_upload, by_detached_command, by_command, by_url, by_backfill, by_sync]


@pytest.fixture
def route(library: Services, ctx: RunContext, media: Path, tmp_path: Path) -> Route:
    folder = tmp_path / "in"
    folder.mkdir()
    file = folder / "copy.mp4"
    shutil.copy(media / "odd" / "no_audio.mp4", file)
    sha256 = sha256_of_file(file)
    add_video(ctx.engine, NewVideo(ID, "/first/talk.mp4", "The talk", HOME, sha256=sha256))
    with transaction(ctx.engine) as connection:
        connection.execute(text("UPDATE videos SET status = 'ready', ready_at = now()"))
    return Route(library, ctx, file)


@pytest.mark.parametrize("give", ROUTES)
def test_known_content_joins_the_library_that_it_is_given_to(
    route: Route, give: Callable[[Route], tuple[str, ...]]
) -> None:
    notes = give(route)

    engine = route.ctx.engine
    assert [one.id for one in list_videos(engine)] == [ID]
    video = get_summary(engine, ID)
    assert (video.library, video.libraries) == (HOME, (HOME, OTHER))
    assert video.title == "The talk"
    for name in (HOME, OTHER):
        assert ids_of_videos(engine, VideoSelection(library=name)) == [ID]
        assert [one.id for one in list_videos(engine, library=name)] == [ID]
    assert dict(choices(engine).libraries) == {HOME: 1, OTHER: 1}
    jobs = sum(count_jobs(engine).values())
    assert sum(count_jobs(engine, JobSelection(library=OTHER)).values()) == jobs
    assert [(one.library, Path(one.location).name) for one in locations_of(engine, ID)] == [
        (OTHER, "copy.mp4")
    ]
    assert any(OTHER in one and HOME in one for one in notes) or (
        f"The video is in the library {OTHER} now" in " ".join(notes)
    ), notes

    again = give(route)
    assert get_summary(engine, ID).libraries == (HOME, OTHER)
    assert not any("now; it stays" in one for one in again)


@pytest.mark.parametrize("give", [by_upload, by_detached_command])
def test_a_restored_library_has_what_it_joined(
    route: Route, give: Callable[[Route], tuple[str, ...]]
) -> None:
    give(route)
    document = json.loads(route.ctx.store.get_bytes(metadata_key(ID)) or b"{}")
    assert [one["library"] for one in document["locations"]] == [OTHER]
    with transaction(route.ctx.engine) as connection:
        connection.execute(text("TRUNCATE videos CASCADE"))

    restore_library(route.ctx.engine, route.ctx.store)

    assert get_summary(route.ctx.engine, ID).libraries == (HOME, OTHER)


@pytest.mark.parametrize("give", [by_detached_command, by_command])
def test_a_stated_id_is_the_video_of_that_id(
    route: Route, give: Callable[[Route], tuple[str, ...]]
) -> None:
    path, mine = str(route.file), VideoFields(id="MINE.2", library=OTHER)
    if give is by_command:
        ctx = route.ctx
        local = localize(path, mine.id, ctx.scratch, ctx.store, lambda *_: None)
        added, notes = (one := add_source(ctx, local, OTHER, is_id_stated=True)).id, one.notes
    else:
        video = new_video("copy.mp4", path, mine, LOCAL, sha256=route.sha256)
        done = submit_video(route.library, LOCAL, Submission(video, path, always_index=True))
        added, notes = done.video.id, done.notes

    assert added == "MINE.2"
    assert notes == (f"The same content is also the video {ID} of the library {HOME}.",)
    assert get_summary(route.ctx.engine, ID).libraries == (HOME,)
