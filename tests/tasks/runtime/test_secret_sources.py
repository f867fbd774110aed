"""A source's secrets stay out of a run's parameters, and the run gets its full source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from reelworks.domain.jobs.job import Job, NewJob
from reelworks.errors import SourceNotFoundError
from reelworks.pipeline.run_context import RunContext, open_run_context
from reelworks.settings import Settings
from reelworks.store.db.database import transaction
from reelworks.store.jobs.jobs import add_jobs
from reelworks.store.library.video_writes import NewVideo, add_video
from tasks.runtime.secret_sources import parameter_of, source_of_run, use_full_source

SECRET = "https://me:pass-7c1f@films.example/talk.mp4?signature=5ad3"
SHOWN = "https://films.example/talk.mp4"


@pytest.fixture
def ctx(clean_settings: Settings) -> Iterator[RunContext]:
    with open_run_context(clean_settings) as ctx:
        yield ctx


@pytest.mark.parametrize(
    ("source", "parameter"),
    [
        (SECRET, SHOWN),
        ("s3://films/talk?.mp4", "s3://films/talk?.mp4"),
        ("/films/what?.mp4", "/films/what?.mp4"),
        ("/films/two\nlines.mp4", "/films/two\nlines.mp4"),
    ],
)
def test_an_address_loses_its_secrets_and_a_path_nothing(source: str, parameter: str) -> None:
    assert parameter_of(source) == parameter


def test_a_run_in_this_process_gets_its_full_source(ctx: RunContext) -> None:
    with use_full_source(SECRET):
        assert source_of_run(SHOWN, None, ctx) == SECRET
        assert source_of_run("https://films.example/other.mp4", None, ctx) == (
            "https://films.example/other.mp4"
        )
    assert source_of_run(SHOWN, None, ctx) == SHOWN


def test_a_job_s_run_has_the_source_of_its_row_then_of_its_video(ctx: RunContext) -> None:
    add_video(ctx.engine, NewVideo("v", "/films/talk.mp4", "Talk"))
    add_video(ctx.engine, NewVideo("u", "up.mp4", "Up", upload_path="uploads/u_up.mp4"))
    named, of_video, uploaded, without = add_jobs(
        ctx.engine,
        [
            NewJob("a", "v", params={"source": SECRET}),
            NewJob("b", "v"),
            NewJob("c", "u"),
            NewJob("d", None, kind="sync"),
        ],
    )
    bucket = ctx.settings.s3.bucket
    assert source_of_run(SHOWN, named, ctx) == SECRET
    assert source_of_run("", of_video, ctx) == "/films/talk.mp4"
    assert source_of_run("", uploaded, ctx) == f"s3://{bucket}/uploads/u_up.mp4"
    assert source_of_run("/given.mp4", without, ctx) == "/given.mp4"


def put(ctx: RunContext, video_id: str, original_path: str, **more: str) -> Job:
    """A row and its job, as users insert them by SQL."""
    row = {"id": video_id, "original_path": original_path} | more
    with transaction(ctx.engine) as connection:
        connection.execute(
            text(
                f"INSERT INTO videos ({', '.join(row)}) VALUES ({', '.join(f':{n}' for n in row)})"
            ),
            row,
        )
    (job,) = add_jobs(ctx.engine, [NewJob(f"job-{video_id}", video_id)])
    return job


def test_a_relative_source_is_a_key_of_the_bucket_then_a_file_of_data_dir(ctx: RunContext) -> None:
    in_store = put(ctx, "VID6", "uploads/VID6_talk.mp4")
    in_folder = put(ctx, "video.with.dots", "media/talk.mp4")
    ctx.store.put_bytes("uploads/VID6_talk.mp4", b"abc", "video/mp4")
    file = ctx.settings.data_dir / "media" / "talk.mp4"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"abc")

    assert source_of_run("", in_store, ctx) == f"s3://{ctx.store.bucket}/uploads/VID6_talk.mp4"
    assert source_of_run("", in_folder, ctx) == str(file)


def test_a_source_that_is_nowhere_is_named_with_both_places(
    ctx: RunContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "talk.mp4").write_bytes(b"not meant")  # the runner's folder is not looked at
    with pytest.raises(SourceNotFoundError, match=r"talk\.mp4, .* nor a file of DATA_DIR"):
        source_of_run("", put(ctx, "v", "talk.mp4"), ctx)


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_source_says_so(ctx: RunContext, empty: str) -> None:
    with pytest.raises(SourceNotFoundError, match="its original_path is empty"):
        source_of_run("", put(ctx, "v", empty), ctx)


def test_an_original_path_that_was_changed_is_a_new_source(ctx: RunContext) -> None:
    stored = {"upload_path": "uploads/v_a.mp4", "ingested_path": "/a.mp4"}
    same, changed = put(ctx, "v", "/a.mp4", **stored), put(ctx, "w", "/b.mp4", **stored)

    assert source_of_run("", same, ctx) == f"s3://{ctx.store.bucket}/uploads/v_a.mp4"
    assert source_of_run("", changed, ctx) == "/b.mp4"
