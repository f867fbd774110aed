"""Secret source URLs: Prefect stores parameters in plain text, so they must not be there.

A run's parameters name its source without password and signature. The full URL is in the row of
the run's job, or in the process of the command that runs the flow.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from reelworks.domain.jobs.job import Job
from reelworks.pipeline.recorded_source import locate_recorded
from reelworks.pipeline.run_context import RunContext
from reelworks.stages.source.ingest import without_secrets
from reelworks.store.jobs.job_sources import source_of

_full_source: ContextVar[str | None] = ContextVar("reelworks_full_source", default=None)


def parameter_of(source: str) -> str:
    """Return a source as a flow run's parameters may name it.

    A path stays the same, to the last byte; a URL loses its password and its query.
    """
    return without_secrets(source) if "://" in source else source


@contextmanager
def use_full_source(source: str) -> Iterator[None]:
    """Give the flow run that is started inside, in this process, its full source."""
    token = _full_source.set(source)
    try:
        yield
    finally:
        _full_source.reset(token)


def source_of_run(parameter: str, job: Job | None, ctx: RunContext) -> str:
    """Return a run's full source; ``parameter`` is the one in its parameters.

    Raises ``SourceNotFoundError``, store and database errors.
    """
    if job is not None:
        given = job.params.get("source")
        recorded = None if given else source_of(ctx.engine, job, ctx.settings.s3.bucket)
        source = given or (parameter if recorded is None else recorded)
        if job.video_id is None:
            return str(source)
        return locate_recorded(str(source), job.video_id, ctx.store, ctx.settings.data_dir)
    full = _full_source.get()
    return full if full is not None and parameter_of(full) == parameter else parameter
