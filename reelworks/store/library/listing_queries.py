"""Listing queries: posters, newest jobs and filter choices of many videos."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from reelworks.domain.jobs.job import Job
from reelworks.errors import current_code
from reelworks.store.db.database import transaction
from reelworks.store.jobs.job_rows import JOBS, job_of
from reelworks.store.library.video_locations import count_by_library
from reelworks.store.library.video_reads import FRAMES, VIDEOS

_FIRST_FRAMES = 5
"""A poster is the sharpest of the first frames, since many films begin in black."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a list of videos can be filtered by."""

    libraries: Mapping[str, int]
    """Videos by library, by name."""
    languages: Sequence[str]
    total: int


def choices(engine: Engine) -> Choices:
    """Return which libraries and languages there are, and how many videos."""
    query = select(VIDEOS.c.language, func.count().label("number")).group_by(VIDEOS.c.language)
    with transaction(engine) as connection:
        rows = connection.execute(query).all()
        libraries = count_by_library(connection)
    languages = sorted(row.language for row in rows if row.language)
    return Choices(libraries, languages, sum(row.number for row in rows))


def posters(engine: Engine, video_ids: Collection[str]) -> dict[str, str]:
    """Return the poster frame of each of these videos; none for one without frames."""
    number = func.row_number().over(
        partition_by=FRAMES.c.video_id, order_by=(FRAMES.c.t, FRAMES.c.id)
    )
    first = (
        select(FRAMES.c.id, FRAMES.c.video_id, FRAMES.c.sharpness, number.label("number"))
        .where(FRAMES.c.video_id.in_(video_ids))
        .subquery()
    )
    best = (
        select(first.c.video_id, first.c.id)
        .where(first.c.number <= _FIRST_FRAMES)
        .ext(distinct_on(first.c.video_id))
        .order_by(first.c.video_id, first.c.sharpness.desc(), first.c.id)
    )
    with transaction(engine) as connection:
        return {row.video_id: row.id for row in connection.execute(best)}


def latest_jobs(engine: Engine, video_ids: Collection[str]) -> dict[str, Job]:
    """Return the newest job of each of these videos; none for one without jobs."""
    newest = (
        select(JOBS)
        .where(JOBS.c.video_id.in_(video_ids))
        .ext(distinct_on(JOBS.c.video_id))
        .order_by(JOBS.c.video_id, JOBS.c.created_at.desc(), JOBS.c.id)
    )
    with transaction(engine) as connection:
        return {row.video_id: job_of(row) for row in connection.execute(newest)}


def titles(engine: Engine, video_ids: Collection[str]) -> dict[str, str]:
    """Return what these videos are called."""
    query = select(VIDEOS.c.id, VIDEOS.c.title).where(VIDEOS.c.id.in_(video_ids))
    with transaction(engine) as connection:
        return {row.id: row.title or row.id for row in connection.execute(query)}


def failure_codes(engine: Engine) -> list[str]:
    """Return the codes with which jobs failed."""
    query = select(JOBS.c.error_code).where(JOBS.c.error_code.is_not(None)).distinct()
    with transaction(engine) as connection:
        return sorted(set(map(current_code, connection.scalars(query))))
