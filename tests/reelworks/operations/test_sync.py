"""A library follows its source: new, changed, moved, gone and back."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from reelworks.domain.jobs.backfill import Limits
from reelworks.domain.jobs.job import JobSelection
from reelworks.domain.locators import path_of
from reelworks.errors import SourceNotFoundError, SourceVanishedError
from reelworks.operations.sync import Synced, plan_sync, survey, synchronise
from reelworks.pipeline.run_context import RunContext
from reelworks.stages.source.ingest import localize
from reelworks.store.db.database import transaction
from reelworks.store.jobs.jobs import list_jobs
from reelworks.store.library.video_contents import get_video
from reelworks.store.library.video_reads import list_videos

LIBRARY = "films"


@pytest.fixture(autouse=True)
def short_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reelworks.operations.backfill.source_scan.REST_SECONDS", 0.05)


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


def ids(ctx: RunContext) -> set[str]:
    return {video.id for video in list_videos(ctx.engine)}


def test_two_identical_files_of_a_first_scan_are_one_video(
    ctx: RunContext, tmp_path: Path, media: Path
) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("one.mp4", "sub/two.mp4"):
        shutil.copy(media / "odd" / "no_audio.mp4", tmp_path / name)
    first = sync(ctx, tmp_path)
    (video,) = ids(ctx)
    assert sources_of_jobs(ctx, first.backfill_id) == {"one.mp4"}
    assert [(Path(one.locator).name, one.video_id) for one in first.plan.copies] == [
        ("two.mp4", video)
    ]
    shutil.copy(media / "odd" / "no_audio.mp4", tmp_path / "three.mp4")
    assert sync(ctx, tmp_path).backfill_id is None, "its job has not even begun"
    (tmp_path / "three.mp4").unlink()
    index_all(ctx)

    (tmp_path / "one.mp4").unlink()
    done = sync(ctx, tmp_path, allow_vanished=True)
    assert (done.plan.gone, len(done.plan.copies_gone)) == ((), 2)
    (found,) = list_videos(ctx.engine)
    assert (found.gone_at, found.original_path) == (None, str(tmp_path / "sub" / "two.mp4"))

    (tmp_path / "sub" / "two.mp4").unlink()
    assert len(sync(ctx, tmp_path, allow_vanished=True).plan.gone) == 1
    assert list_videos(ctx.engine)[0].gone_at is not None


def test_names_that_are_no_utf_8_survive_byte_for_byte(
    ctx: RunContext, tmp_path: Path, media: Path
) -> None:
    names = {b"caf\xe9.mp4": "no_audio", b"caf\xe8.mp4": "rot90", b"a\tb\r.mp4": "single_frame"}
    for name, of in names.items():
        shutil.copy(next((media / "odd").glob(f"{of}.*")), tmp_path / os.fsdecode(name))
    first = sync(ctx, tmp_path)
    assert first.backfill_id is not None
    jobs = list_jobs(ctx.engine, JobSelection(backfill_id=first.backfill_id), limit=9)
    named = {os.fsencode(path_of(job.params["source"]).name) for job in jobs}
    assert named == set(names)
    index_all(ctx)
    assert sync(ctx, tmp_path).plan.same == 3
    for job in jobs:  # what the worker does with it
        source = job.params["source"]
        work_dir = ctx.new_work_dir("ingest")
        local = localize(source, job.video_id, work_dir, ctx.store, lambda *_: None)
        assert local.original == source
        assert os.fsencode(local.path.resolve().name) in names
        assert str(local.path).isprintable(), "programs that take no such names see another one"


def test_a_file_in_the_trash_is_gone_and_not_moved(synced: RunContext, films: Path) -> None:
    trash = films / ".Trash-1000" / "files"
    trash.mkdir(parents=True)
    (films / "rot90.mp4").rename(trash / "rot90.mp4")
    plan = sync(synced, films).plan
    assert ([Path(one).name for one in plan.gone], plan.moved) == (["rot90.mp4"], ())
    assert plan.notes == ("Passed over: 1 hidden, trash or NAS folder (.Trash-1000).",)


def test_a_file_that_is_still_copied_is_neither_new_nor_remembered(
    synced: RunContext, films: Path
) -> None:
    whole = (films / "rot90.mp4").read_bytes()
    for name in ("grow.mp4", "no_audio.mp4"):
        (films / name).write_bytes(whole[: len(whole) * 6 // 10])
    plan = sync(synced, films).plan
    assert (plan.new, plan.changed, plan.gone, plan.same) == ((), (), (), 3)
    assert len(plan.notes) == 2

    (films / "no_audio.mp4").write_bytes(whole + bytes(8))
    assert len(sync(synced, films).plan.changed) == 1
