"""What the warm worker takes from Prefect's inside. A failure here says what Prefect has changed:
compare ``infra/workers/prefect_private.py`` with the new ``prefect.engine`` and process worker."""

from __future__ import annotations

import inspect
from importlib.metadata import version

import pytest


def parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type]


def test_the_installed_prefect_is_the_one_that_this_was_made_for():
    from infra.workers.prefect_private import MADE_FOR

    assert version("prefect") == MADE_FOR, "read this file's first lines, then raise MADE_FOR"


def test_the_executor_takes_what_the_supervisor_gives():
    from prefect.runner._flow_run_executor import FlowRunExecutor, FlowRunExecutorContext

    taken = parameters(FlowRunExecutorContext.create_executor)
    assert {"flow_run", "starter", "resolve_flow", "propose_submitting"} <= set(taken)
    assert parameters(FlowRunExecutor.submit) == ["self", "task_status"]


async def test_an_open_room_has_the_parts_that_are_reached_into(prefect_api):
    from prefect.runner._flow_run_executor import FlowRunExecutorContext

    async with FlowRunExecutorContext() as room:
        assert parameters(room.control_channel.register) == ["flow_run_id"]
        assert parameters(room.control_channel.signal) == ["flow_run_id", "intent"]
        assert callable(room._observer.on_failure)


async def test_a_supervisor_that_cannot_hear_of_cancellations_is_worn(prefect_api):
    """Prefect connects a broken stream again by itself; it ends when polling fails, too."""
    from infra.workers.prefect_private import Supervisor

    supervisor = Supervisor()
    await supervisor.open()
    try:
        assert not supervisor.is_disconnected
        supervisor._room._observer._handle_unavailable(RuntimeError("polling failed"))
        assert supervisor.is_disconnected
    finally:
        await supervisor.close()


def test_prefect_still_knows_an_end_that_its_supervisor_owns():
    from typing import get_args

    from prefect._internal.attempt_control import Intent

    assert "reschedule" in get_args(Intent)


def test_a_process_handle_ends_runs_through_its_scope():
    from prefect.runner import _process_manager
    from prefect.runner._process_manager import ProcessHandle

    from infra.workers.prefect_private import _Scope

    asked = {name for name in dir(_process_manager.ProcessTerminationScope) if name[0] != "_"}
    assert asked <= {*dir(_Scope), "wait_after_graceful_kill"}
    assert parameters(ProcessHandle) == ["_process", "termination_scope"]


def test_the_engine_runs_a_flow_in_these_steps():
    from prefect import engine
    from prefect._internal import control_listener

    source = inspect.getsource(engine).partition('if __name__ == "__main__":')[2]
    steps = (
        "configure_from_env()",
        "handle_engine_signals(flow_run_id)",
        "load_flow_run(flow_run_id=flow_run_id)",
        "load_flow(flow_run)",
        "run_flow(",
        "_drive_run_flow_result(flow, _run_result)",
    )
    found = [source.find(step) for step in steps]
    assert found == sorted(found)
    assert -1 not in found
    assert callable(control_listener.stop)
    assert callable(control_listener.clear_intent)


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("_propose_submitting_state", ["self", "flow_run"]),
        ("_give_worker_labels_to_flow_run", ["self", "flow_run_id"]),
    ],
)
def test_the_base_worker_still_takes_the_steps_that_are_left_out(name, taken):
    from prefect.workers.base import BaseWorker

    assert parameters(getattr(BaseWorker, name)) == taken
    assert name in inspect.getsource(BaseWorker._submit_run_and_capture_errors)


def test_the_base_worker_keeps_a_set_of_the_runs_in_its_hand():
    from prefect.workers.base import BaseWorker

    from infra.workers.prefect_private import runs_in_hand

    assert runs_in_hand(_worker()) == set()
    assert "_submitting_flow_run_ids.add" in inspect.getsource(
        BaseWorker._submit_scheduled_flow_runs
    )


def test_clients_share_one_tls_context(monkeypatch):
    import ssl

    from prefect.client import orchestration

    from infra.workers.prefect_private import share_tls_context

    monkeypatch.setattr(orchestration, "ssl", ssl)
    share_tls_context()
    made = [orchestration.ssl.create_default_context() for _ in range(2)]

    assert made[0] is made[1]
    assert made[0].verify_mode is ssl.CERT_REQUIRED
    assert ssl.create_default_context() is not made[0]  # the rest of the process is left alone


def _worker():
    from infra.workers.warm_process import WarmProcessWorker

    return WarmProcessWorker("gpu")
