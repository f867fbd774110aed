"""A library follows its source: new, changed, moved, gone and back."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from reelworks.domain.jobs.backfill import Limits
from reelworks.domain.jobs.job import JobSelection
from reelworks.errors import SourceNotFoundError, SourceVanishedError
from reelworks.operations.sync import Synced, plan_sync, survey, synchronise
from reelworks.pipeline.run_context import RunContext
from reelworks.store.db.database import transaction
from reelworks.store.jobs.jobs import list_jobs
from reelworks.store.library.video_contents import get_video
from reelworks.store.library.video_reads import list_videos

LIBRARY = "films"


@pytest.fixture
def films(tmp_path: Path, media: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    for name in ("no_audio", "single_frame", "rot90", "audio_only"):
        found = next((media / "odd").glob(f"{name}.*"))
        shutil.copy(found, folder / found.name)
    return folder


def sync(ctx: RunContext, source: Path | str, **options: bool) -> Synced:
    seen = survey(ctx, str(source), LIBRARY)
    return synchronise(ctx, seen, Limits(), **options)


def index_all(ctx: RunContext) -> None:
    """As if every job had been done."""
    with transaction(ctx.engine) as connection:
        connection.execute(text("UPDATE jobs SET status = 'done', ended_at = now()"))
        connection.execute(
            text(
                "UPDATE videos SET status = 'ready', ready_at = now(), digests ="
                " jsonb_build_object('source', (SELECT sha256 FROM sources"
                " WHERE video_id = videos.id LIMIT 1))"
            )
        )


def sources_of_jobs(ctx: RunContext, backfill_id: str | None) -> set[str]:
    assert backfill_id is not None
    jobs = list_jobs(ctx.engine, JobSelection(backfill_id=backfill_id), limit=99)
    return {Path(job.params["source"]).name for job in jobs}


@pytest.fixture
def synced(ctx: RunContext, films: Path) -> RunContext:
    """A library in step with the folder."""
    sync(ctx, films)
    index_all(ctx)
    return ctx


def test_what_is_new_is_indexed_once(ctx: RunContext, films: Path) -> None:
    first = sync(ctx, films)
    assert sources_of_jobs(ctx, first.backfill_id) == {path.name for path in films.iterdir()}
    assert {video.library for video in list_videos(ctx.engine)} == {LIBRARY}

    second = sync(ctx, films)
    assert second.backfill_id is None
    assert second.plan.same == 4


def test_interrupted_before_it_remembers_nothing_is_indexed_twice(
    ctx: RunContext, films: Path
) -> None:
    sync(ctx, films)
    with transaction(ctx.engine) as connection:
        connection.execute(text("DELETE FROM sources"))

    again = sync(ctx, films)
    assert len(again.plan.new) == 4
    assert again.backfill_id is None, "their jobs wait already"


def test_another_time_of_writing_is_no_other_content(synced: RunContext, films: Path) -> None:
    os.utime(films / "no_audio.mp4", (1, 1))
    assert sync(synced, films).backfill_id is None
    assert plan_sync(survey(synced, str(films), LIBRARY)).changed == ()


def test_another_content_keeps_the_video(synced: RunContext, films: Path, media: Path) -> None:
    before = {video.id for video in list_videos(synced.engine)}
    shutil.copy(media / "odd" / "audio_late_1500ms.mp4", films / "no_audio.mp4")

    done = sync(synced, films)
    assert sources_of_jobs(synced, done.backfill_id) == {"no_audio.mp4"}
    assert {video.id for video in list_videos(synced.engine)} == before
    assert sync(synced, films).plan.changed == ()


def test_a_plan_in_between_hides_no_change(synced: RunContext, films: Path, media: Path) -> None:
    from reelworks.domain.library.selection import SelectionKind, VideoSelection
    from reelworks.operations.backfill.plan import Planner

    shutil.copy(media / "odd" / "audio_late_1500ms.mp4", films / "no_audio.mp4")
    wanted = VideoSelection(source=str(films), library=LIBRARY, only=frozenset({SelectionKind.NEW}))
    assert len(Planner(synced).plan(wanted, Limits()).lines) == 1

    assert len(sync(synced, films).plan.changed) == 1


def test_what_moved_is_recognised_by_its_content(synced: RunContext, films: Path) -> None:
    (films / "2026").mkdir()
    (films / "rot90.mp4").rename(films / "2026" / "turned.mp4")
    os.utime(films / "2026" / "turned.mp4")

    done = sync(synced, films)
    (move,) = done.plan.moved
    assert (Path(move.before).name, Path(move.locator).name) == ("rot90.mp4", "turned.mp4")
    assert done.backfill_id is None, "nothing is computed again"
    assert done.plan.gone == ()
    assert move.video_id is not None
    found = get_video(synced.engine, move.video_id).summary
    assert found.original_path == str(films / "2026" / "turned.mp4")
    assert found.gone_at is None
    assert sync(synced, films).plan.same == 4


def test_a_copy_is_no_second_video(synced: RunContext, films: Path) -> None:
    shutil.copy(films / "rot90.mp4", films / "copy.mp4")
    assert sync(synced, films).backfill_id is None
    (films / "rot90.mp4").unlink()
    sync(synced, films)
    assert all(video.gone_at is None for video in list_videos(synced.engine))


def test_what_is_gone_stays_and_flagged_and_may_come_back(
    synced: RunContext, films: Path, tmp_path: Path
) -> None:
    away = tmp_path / "away.mp4"
    (films / "rot90.mp4").rename(away)
    done = sync(synced, films)

    assert [Path(one).name for one in done.plan.gone] == ["rot90.mp4"]
    (gone,) = (video for video in list_videos(synced.engine) if video.gone_at)
    assert gone.status == "ready"

    away.rename(films / "rot90.mp4")
    back = sync(synced, films)
    assert len(back.plan.back) == 1
    assert back.backfill_id is None
    assert all(video.gone_at is None for video in list_videos(synced.engine))


def test_a_source_that_is_not_mounted_loses_nothing(synced: RunContext, films: Path) -> None:
    for path in list(films.iterdir())[1:]:
        path.unlink()
    with pytest.raises(SourceVanishedError, match="3 of 4 files are gone") as raised:
        sync(synced, films)
    assert "--allow-vanished" in str(raised.value)
    assert all(video.gone_at is None for video in list_videos(synced.engine))

    sync(synced, films, allow_vanished=True)
    assert sum(video.gone_at is not None for video in list_videos(synced.engine)) == 3


def test_a_folder_that_is_not_there_loses_nothing(synced: RunContext, films: Path) -> None:
    shutil.rmtree(films)
    with pytest.raises(SourceNotFoundError):
        sync(synced, films)


def test_a_prefix_is_followed_by_entity_tags(ctx: RunContext, films: Path) -> None:
    client, bucket = ctx.store._client, ctx.store.bucket
    for path in films.iterdir():
        client.put_object(Bucket=bucket, Key=f"in/{path.name}", Body=path.read_bytes())
    source = f"s3://{bucket}/in"
    assert len(sync(ctx, source).plan.new) == 4
    index_all(ctx)

    client.copy_object(Bucket=bucket, Key="in/x.mp4", CopySource=f"{bucket}/in/rot90.mp4")
    client.delete_object(Bucket=bucket, Key="in/rot90.mp4")
    client.put_object(Bucket=bucket, Key="in/no_audio.mp4", Body=b"other")
    done = sync(ctx, source).plan

    assert [(Path(m.before).name, Path(m.locator).name) for m in done.moved] == [
        ("rot90.mp4", "x.mp4")
    ]
    assert [Path(one.locator).name for one in done.changed] == ["no_audio.mp4"]
    assert (done.new, done.gone) == ((), ())
