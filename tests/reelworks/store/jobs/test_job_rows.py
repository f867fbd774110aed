"""Rows of jobs become jobs, and a selection becomes a condition."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.jobs.job import JobSelection, JobStatus, NewJob
from reelworks.store.db.database import transaction
from reelworks.store.jobs.job_rows import current_params, where_clause
from reelworks.store.jobs.jobs import add_jobs, cancel_jobs, count_jobs, get_job, list_jobs


@pytest.mark.parametrize(
    ("kind", "params", "current"),
    [
        ("index", {"again": ["vision"]}, {"recompute": ["vision"]}),
        ("index", {"again": ["a"], "recompute": ["b"]}, {"recompute": ["b"]}),
        ("index", {"source": "/a.mp4"}, {"source": "/a.mp4"}),
        ("my-own-flow", {"again": 1}, {"again": 1}),
        ("index", ["no", "object"], {}),
        ("index", None, {}),
    ],
)
def test_parameters_have_their_names_of_now(
    kind: str, params: Any, current: dict[str, Any]
) -> None:
    assert current_params(kind, params) == current


@pytest.mark.usefixtures("empty_queue")
@pytest.mark.parametrize(
    ("selection", "ids"),
    [
        (JobSelection(), {"a", "b", "c"}),
        (JobSelection(ids=("a", "nope")), {"a"}),
        (JobSelection(ids=()), set()),
        (JobSelection(statuses=frozenset({JobStatus.CANCELLED})), {"b"}),
        (JobSelection(error_code="cancelled"), {"b"}),
        (JobSelection(kind="sync"), {"c"}),
        (JobSelection(video_id="v"), {"a", "b"}),
        (JobSelection(library="films"), {"a", "b"}),
        (JobSelection(library="films", kind="sync"), set()),
    ],
)
def test_a_selection_means_the_jobs_that_meet_all_of_it(
    engine: Engine, selection: JobSelection, ids: set[str]
) -> None:
    with transaction(engine) as connection:
        connection.execute(text("UPDATE videos SET library = 'films'"))
    add_jobs(engine, [NewJob("a", "v"), NewJob("b", "v"), NewJob("c", None, kind="sync")])
    cancel_jobs(engine, JobSelection(ids=("b",)))

    assert {job.id for job in list_jobs(engine, selection, limit=9)} == ids
    assert sum(count_jobs(engine, selection).values()) == len(ids)


def test_no_condition_has_a_value_in_its_sql() -> None:
    compiled = str(where_clause(JobSelection(library="'; DROP TABLE jobs", kind="x'y")))
    assert "DROP" not in compiled
    assert "x'y" not in compiled


@pytest.mark.usefixtures("empty_queue")
def test_columns_of_another_release_are_read(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(
            text(
                "INSERT INTO jobs (id, video_id, params, progress, usage)"
                """ VALUES ('j', 'v', '[1]', '"odd"', '{"m": {"calls": 2, "later": 1}}')"""
            )
        )
    job = get_job(engine, "j")
    assert (job.params, job.progress, job.lease) == ({}, {}, None)
    assert job.usage["m"].usage.calls == 2
