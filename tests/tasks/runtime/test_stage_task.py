"""Options of a stage's task, and which errors are worth a retry."""

from __future__ import annotations

import pytest

from reelworks.pipeline.spec import STAGES


def test_every_stage_has_its_routing_tag_and_time_limit(prefect_api: str) -> None:
    from prefect.cache_policies import NO_CACHE

    from tasks.runtime.stage_task import MAX_ATTEMPTS, stage_task

    for spec in STAGES:
        options = stage_task(spec.name)
        assert options["name"] == spec.name.value
        assert options["tags"] == ["reelworks", f"runs-on:{spec.runs_on}"]
        assert options["timeout_seconds"] == 60 * spec.timeout_minutes
        assert options["retries"] == MAX_ATTEMPTS - 1
        assert (options["cache_policy"], options["persist_result"]) == (NO_CACHE, False)


@pytest.mark.parametrize(
    ("error", "attempt", "worth"),
    [
        ("rate", 1, True),
        ("rate", 2, True),
        ("rate", 3, False),
        ("time", 1, True),
        ("time", 3, False),
        ("input", 1, False),
        ("mistake", 1, False),
    ],
)
def test_what_may_pass_is_tried_again_within_the_limit(
    prefect_api: str, clean_settings, error: str, attempt: int, worth: bool
) -> None:
    from prefect.client.schemas.objects import TaskRun
    from prefect.states import Failed

    from reelworks.errors import InputError, RateLimitedError
    from reelworks.pipeline.run_context import open_run_context
    from tasks.runtime.current_run import use_run
    from tasks.runtime.finish import finish
    from tasks.runtime.stage_task import is_worth_a_retry

    errors = {
        "rate": RateLimitedError("Busy."),
        "time": TimeoutError(),
        "input": InputError("Empty."),
        "mistake": ZeroDivisionError(),
    }
    run = TaskRun(task_key="k", dynamic_key="0", run_count=attempt)
    settings = clean_settings.with_values(worker_max_attempts=3)
    state = Failed(data=errors[error])
    with open_run_context(settings) as ctx:
        with use_run(ctx):
            assert is_worth_a_retry(finish, run, state) is worth
        with use_run(ctx, retried_by_queue=True):
            assert is_worth_a_retry(finish, run, state) is False, "the queue tries the job again"
