"""A source's secrets stay out of a run's parameters, and the run gets its full source."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reelworks.domain.jobs.job import NewJob
from reelworks.pipeline.run_context import RunContext, open_run_context
from reelworks.settings import Settings
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
