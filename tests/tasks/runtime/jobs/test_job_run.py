"""The context of flow runs, on a real Prefect server."""

from __future__ import annotations

import pytest

from reelworks.domain.jobs.result import JobResult
from reelworks.settings import Settings
from tests.support.flows.runs import as_environment


@pytest.fixture
def environment(
    prefect_api: str, clean_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Settings of this test's own, which this process's environment has, too."""
    del prefect_api
    for name, value in as_environment(clean_settings).items():
        monkeypatch.setenv(name, value)
    return clean_settings


async def test_a_run_without_a_job_gets_the_run_context_and_returns_the_graphs_value(
    environment: Settings,
) -> None:
    from tasks.runtime.current_run import current_run
    from tasks.runtime.jobs.job_run import JobRun, run_job

    async def graph(run: JobRun) -> str:
        run.outcome.result = JobResult("clip")
        assert run.job is None
        assert current_run().ctx is run.ctx
        assert (current_run().recompute, current_run().cached_only) == ({"vision"}, True)
        return run.ctx.settings.s3.bucket

    found = await run_job(None, graph, recompute=["vision"], cached_only=True)
    assert found == environment.s3.bucket


async def test_a_run_of_a_job_that_it_does_not_have_is_cancelled(environment: Settings) -> None:
    from tasks.runtime.jobs.job_lease import JobRef
    from tasks.runtime.jobs.job_run import JobRun, run_job

    async def graph(run: JobRun) -> None:
        raise AssertionError(run)

    del environment
    ended = await run_job(JobRef(id="gone", attempt=1), graph)
    assert ended is not None
    assert ended.is_cancelled()
    assert "gone" in ended.message


async def test_a_flow_may_load_its_settings_itself_and_prefect_retries_as_before(
    environment: Settings,
) -> None:
    from tasks.runtime.jobs.job_run import flow_context, flow_settings
    from tasks.runtime.prefect_outage import disable_prefect_retries, retries_disabled

    async def load() -> Settings:
        assert not retries_disabled()
        return environment.with_values(worker_max_attempts=1)

    disable_prefect_retries()  # as a run before it in this process left it
    async with flow_settings(load) as settings:
        assert settings.jobs.max_attempts == 1
    async with flow_context(load) as ctx:
        assert ctx.settings.jobs.max_attempts == 1
    assert (environment.data_dir / "worker" / "log.log").exists()
