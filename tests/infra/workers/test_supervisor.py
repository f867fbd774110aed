"""Supervision of runs: opened once, and again when cancellations are not heard any more."""

from __future__ import annotations

from uuid import uuid4

import pytest

from infra.workers.prefect_private import PrivatePartError
from infra.workers.supervisor import Supervision, Supervisor


async def test_a_supervisor_that_cannot_hear_of_cancellations_is_disconnected(prefect_api):
    """Prefect connects a broken stream again by itself; it ends when polling fails, too."""

    supervisor = Supervisor()
    await supervisor.open()
    try:
        assert not supervisor.is_disconnected
        supervisor._executor_context._observer._handle_unavailable(RuntimeError("polling failed"))
        assert supervisor.is_disconnected
    finally:
        await supervisor.close()


async def test_an_observer_without_its_callback_is_a_private_part_that_is_missing(
    prefect_api, monkeypatch
):
    from prefect.runner import _flow_run_executor

    class Observer(_flow_run_executor.FlowRunCancellingObserver):
        """As if Prefect had renamed ``on_failure``."""

        @property
        def on_failure(self):
            raise AttributeError("on_failure")

        @on_failure.setter
        def on_failure(self, value):
            """Taken and forgotten."""

    monkeypatch.setattr(_flow_run_executor, "FlowRunCancellingObserver", Observer)
    supervisor = Supervisor()

    with pytest.raises(PrivatePartError, match=r"_observer\.on_failure of Prefect .* failed"):
        await supervisor.open()
    await supervisor.close()


async def test_a_supervisor_is_shared_until_it_is_disconnected(prefect_api):
    supervision = Supervision()
    try:
        first = await supervision.connected()
        assert await supervision.connected() is first
        first._note_disconnect()
        assert await supervision.connected() is not first
    finally:
        await supervision.close()


async def test_each_run_gets_a_line_to_its_worker_of_its_own(prefect_api):
    supervisor = Supervisor()
    await supervisor.open()
    try:
        one, other = (supervisor.control_environment(uuid4()) for _ in range(2))
    finally:
        await supervisor.close()

    assert one["PREFECT__FLOW_RUN_ID"] != other["PREFECT__FLOW_RUN_ID"]
    assert one["PREFECT__CONTROL_PORT"] == other["PREFECT__CONTROL_PORT"]
    assert one["PREFECT__CONTROL_TOKEN"] != other["PREFECT__CONTROL_TOKEN"]
