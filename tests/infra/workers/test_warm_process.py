"""The warm worker, started as ``prefect worker start --pool NAME`` on a real server."""

from __future__ import annotations

import asyncio
import os
import signal

import psutil
import pytest

from infra.workers.revision import code_revision
from tests.infra.workers.conftest import children_of, until

pytestmark = pytest.mark.slow


def test_the_type_is_known_to_prefect_by_its_entry_point():
    from prefect.workers.base import BaseWorker

    from infra.workers.warm_process import WarmProcessWorker

    assert BaseWorker.get_worker_class_from_type("warm-process") is WarmProcessWorker


def test_two_runs_share_a_child_and_the_model_is_loaded_once(warm, models_dir):
    first = warm.run("embed", models_dir=str(models_dir))
    second = warm.run("embed", models_dir=str(models_dir))

    assert first["pid"] == second["pid"]
    assert second["loads"] == 1
    assert second["hits"] == first["hits"] + 1
    (child,) = until(lambda: [c for c in warm.facts()[0].children if c.models.models])
    assert child.pid == second["pid"]
    assert child.models.models[0].key.startswith("minilm")
    assert child.memory > 50e6


def test_a_run_finds_nothing_of_what_the_last_one_changed(warm):
    left = warm.run("make_a_mess")
    found = warm.run("look_around")

    assert found["pid"] == left["pid"]
    assert found["left_behind"] is None
    assert found["home"] == os.environ.get("HOME")
    assert found["folder"] != "/"
    assert "/nowhere" not in found["path"]
    assert found["path"][0] == found["folder"]


def test_a_run_says_where_and_under_which_code_it_ran(warm):
    run_id = warm.begin("trivial")
    warm.ended(run_id)

    line = f"Runs in process {warm.said()[-1]['pid']}"
    until(lambda: line in warm.logs(run_id))
    assert f"code {code_revision()}" in warm.logs(run_id)
    assert "Finished in state Completed()" in until(
        lambda: "Finished" in warm.logs(run_id) and warm.logs(run_id)
    )


def test_a_flow_with_a_time_limit_is_stopped_at_it(warm):
    run_id = warm.begin("too_slow")

    assert warm.ended(run_id) == "TimedOut"
    assert warm.run("trivial")["pid"] == warm.said()[-2]["pid"]


@pytest.mark.parametrize("flow", ["sleep", "sleep_in_thread_of_its_own"])
def test_a_cancelled_run_ends_and_its_child_takes_the_next(warm, flow):
    run_id = warm.begun(flow)
    child = warm.said()[-1]["pid"]

    asyncio.run(_cancel(run_id))

    assert warm.ended(run_id) == "Cancelled"
    assert warm.run("trivial")["pid"] == child


def test_a_child_that_is_killed_crashes_its_run_and_not_the_next(warm):
    run_id = warm.begun("sleep")
    child = warm.said()[-1]["pid"]

    os.kill(child, signal.SIGKILL)

    until(lambda: warm.is_over(run_id), patience=20)
    assert warm.read(run_id).state.is_crashed()
    assert warm.run("trivial")["pid"] != child
    assert until(lambda: warm.facts()[0].crashes) == 1


def test_a_child_is_replaced_after_so_many_runs_or_when_it_grew(make_warm):
    pool = make_warm(max_runs=3, max_growth_mb=300)
    pool.start_worker()

    pids = [pool.run("trivial")["pid"] for _ in range(4)]
    assert pids[0] == pids[1] == pids[2] != pids[3]

    assert pool.run("grow", megabytes=500)["pid"] == pids[3]
    assert pool.run("trivial")["pid"] != pids[3]
    assert until(lambda: pool.facts()[0].replaced) == 2


def test_sigterm_lets_a_run_end_in_time(make_warm):
    pool = make_warm(drain_seconds=60)
    worker = pool.start_worker()
    run_id = pool.begun("sleep", seconds=3)
    child = pool.said()[-1]["pid"]

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(60) == 0
    assert pool.read(run_id).state.is_completed()
    assert not psutil.pid_exists(child)
    assert pool.facts() == []


def test_sigterm_hands_a_long_run_back_and_another_worker_ends_it(make_warm):
    pool = make_warm(drain_seconds=1)
    worker = pool.start_worker()
    run_id = pool.begun("sleep", seconds=8)

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(60) == 0
    assert pool.read(run_id).state.name == "AwaitingRetry"
    pool.start_worker()
    assert pool.ended(run_id) == "Completed"
    assert pool.read(run_id).run_count == 2


def test_a_worker_that_is_killed_leaves_no_orphan_and_its_run_ends(make_warm):
    pool = make_warm()
    worker = pool.start_worker()
    run_id = pool.begun("sleep", seconds=4)
    (child,) = children_of(worker.pid)

    worker.send_signal(signal.SIGKILL)
    worker.wait()

    assert child.is_running()  # it may end its run
    assert pool.ended(run_id) == "Completed"
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, patience=20)
    assert pool.facts() == []


async def _cancel(run_id: object) -> None:
    from prefect.client.orchestration import get_client
    from prefect.states import Cancelling

    async with get_client() as client:
        await client.set_flow_run_state(run_id, Cancelling())  # type: ignore[arg-type]
