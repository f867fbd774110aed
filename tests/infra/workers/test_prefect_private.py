"""Contracts with private parts of Prefect, by name. A failure says what Prefect has changed:
compare ``infra/workers/prefect_private.py`` with the new process worker and ``prefect.engine``."""

from __future__ import annotations

import inspect
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from infra.workers.prefect_private import (
    FORKED_RUN_PARTS,
    PARTS,
    PrivatePart,
    missing_parts,
)
from tests.infra.workers.conftest import ROOT


def parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type]


def test_the_installed_prefect_is_one_that_the_project_allows():
    project = tomllib.loads((Path(ROOT) / "pyproject.toml").read_text())["project"]
    (prefect,) = (one for one in map(Requirement, project["dependencies"]) if one.name == "prefect")

    assert version("prefect") in prefect.specifier


@pytest.mark.parametrize(
    "part", PARTS + FORKED_RUN_PARTS, ids=lambda part: f"{part.module}.{part.name}"
)
def test_each_private_part_is_there_and_takes_what_we_pass(part):
    assert part.fault() is None


def test_a_part_that_is_gone_or_takes_something_else_is_named():
    where = "prefect.runner._process_manager"
    parts = [
        PrivatePart("prefect.runner._gone", "Something"),
        PrivatePart(where, "ProcessHandle.gone"),
        PrivatePart(where, "ProcessHandle", ("_process", "colour")),
        PrivatePart(where, "ProcessHandle", ("_process",)),
    ]

    assert missing_parts(parts) == [
        "prefect.runner._gone.Something is missing",
        f"{where}.ProcessHandle.gone is missing",
        f"{where}.ProcessHandle does not take colour",
    ]


def test_the_executor_takes_what_the_supervisor_gives():
    from prefect.runner._flow_run_executor import FlowRunExecutor, FlowRunExecutorContext

    taken = parameters(FlowRunExecutorContext.create_executor)
    assert {"flow_run", "starter", "resolve_flow", "propose_submitting"} <= set(taken)
    assert parameters(FlowRunExecutor.submit) == ["self", "task_status"]


async def test_an_open_context_has_the_parts_that_are_reached_into(prefect_api):
    from prefect.runner._flow_run_executor import FlowRunExecutorContext

    async with FlowRunExecutorContext() as context:
        assert parameters(context.control_channel.register) == ["flow_run_id"]
        assert parameters(context.control_channel.signal) == ["flow_run_id", "intent"]
        assert callable(context._observer.on_failure)


def test_prefect_still_knows_an_end_that_its_supervisor_owns():
    from typing import get_args

    from prefect._internal.attempt_control import Intent
    from prefect.runner._control_channel import ControlSignalStatus

    from infra.workers.supervisor import ACKNOWLEDGED

    assert "reschedule" in get_args(Intent)
    assert ControlSignalStatus.ACKNOWLEDGED.value == ACKNOWLEDGED


def test_a_process_handle_ends_runs_through_its_scope():
    from prefect.runner import _process_manager
    from prefect.runner._process_manager import ProcessHandle

    from infra.workers.supervisor import _Scope

    required = {name for name in dir(_process_manager.ProcessTerminationScope) if name[0] != "_"}
    assert required <= {*dir(_Scope), "wait_after_graceful_kill"}
    assert parameters(ProcessHandle) == ["_process", "termination_scope"]


def test_the_engine_runs_a_flow_in_these_steps():
    """The child runs the program; between two runs it forgets what these steps left behind."""
    from prefect import engine
    from prefect._internal import control_listener

    source = inspect.getsource(engine).partition('if __name__ == "__main__":')[2]
    steps = (
        "sys.argv[1]",
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


def test_the_base_worker_has_a_set_of_the_runs_that_it_claimed():
    from prefect.workers.base import BaseWorker

    from infra.workers.prefect_private import claimed_runs

    assert claimed_runs(_worker()) == set()
    assert _worker()._submitting_flow_run_ids == set()
    assert "_submitting_flow_run_ids.add" in inspect.getsource(
        BaseWorker._submit_scheduled_flow_runs
    )


def test_without_that_set_no_run_counts_as_claimed_and_the_log_says_so(caplog):
    from infra.workers.prefect_private import claimed_runs

    worker = _worker()
    del worker._submitting_flow_run_ids

    assert claimed_runs(worker) == set()
    assert "lacks BaseWorker._submitting_flow_run_ids" in caplog.text


def test_the_runner_has_the_parts_by_which_its_runs_are_ended_together():
    from prefect.runner import Runner

    assert parameters(Runner._cancel_run) == ["self", "flow_run", "state_msg"]
    assert Runner()._process_manager.flow_run_ids() == set()


async def test_a_runner_without_those_parts_ends_its_runs_as_prefect_does(caplog, prefect_api):
    from infra.workers.prefect_private import GracefulRunner

    async with GracefulRunner() as runner:
        del runner._process_manager
        await runner.cancel_all()
        assert "Runs are cancelled one after the other: Prefect lacks" in caplog.text
        runner._process_manager = runner._cancellation_manager._process_manager


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


def test_where_prefect_makes_them_in_another_way_nothing_is_shared(monkeypatch):
    from prefect.client import orchestration

    from infra.workers.prefect_private import share_tls_context

    monkeypatch.delattr(orchestration, "ssl")
    share_tls_context()

    assert not hasattr(orchestration, "ssl")


def _worker():
    from infra.workers.warm_process import WarmProcessWorker

    return WarmProcessWorker("gpu")
