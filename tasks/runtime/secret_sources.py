"""Where a run's source lies: Prefect keeps parameters in clear, so they hold no secret address.

A run's parameters name its source without password and signature. The whole address is in the row
of the job that the run does, or with the command whose process the run goes on in.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from reelworks.domain.jobs.job import Job
from reelworks.pipeline.run_context import RunContext
from reelworks.stages.source.ingest import without_secrets
from reelworks.store.jobs.jobs import source_of

_whole: ContextVar[str | None] = ContextVar("reelworks_whole_source", default=None)


def parameter_of(source: str) -> str:
    """Return a source as a flow run's parameters may name it.

    A path stays what it is, to the last byte; an address loses its password and its query.
    """
    return without_secrets(source) if "://" in source else source


@contextmanager
def whole_source(source: str) -> Iterator[None]:
    """Let the flow run that is started inside, in this process, know its source in full."""
    token = _whole.set(source)
    try:
        yield
    finally:
        _whole.reset(token)


def source_of_run(parameter: str, job: Job | None, ctx: RunContext) -> str:
    """Return a run's source in full; ``parameter`` is what its parameters say of it.

    Raises ``DatabaseUnavailableError``.
    """
    if job is not None:
        given = job.params.get("source")
        return str(given or source_of(ctx.engine, job, ctx.settings.s3_bucket) or parameter)
    whole = _whole.get()
    return whole if whole is not None and parameter_of(whole) == parameter else parameter
