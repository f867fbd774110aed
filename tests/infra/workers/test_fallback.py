"""A warm pool on a Prefect that lacks a private part: each run gets a process of its own."""

from __future__ import annotations

import sys

import pytest

from tests.infra.workers.conftest import children_of, until

pytestmark = pytest.mark.slow

WITHOUT_PART = """
import sys
from prefect.runner import {module}
del {module}.{part}
from prefect.cli import app
app()
"""
AT_IMPORT = WITHOUT_PART.format(module="_control_channel", part="ControlChannel.signal")
"""Nothing else of Prefect uses it until a run is cancelled."""
AT_CALL = """
import sys
from prefect.runner import _flow_run_executor as executor

class Changed(executor.FlowRunExecutorContext):
    '''As if Prefect had changed what this takes, in a way that its signature does not show.'''

    def create_executor(self, flow_run, starter, *, resolve_flow=None, propose_submitting=True,
                        hook_runner=None):
        if hook_runner is None:
            raise TypeError("create_executor() needs a hook_runner")
        return super().create_executor(
            flow_run, starter, propose_submitting=propose_submitting, hook_runner=hook_runner
        )

executor.FlowRunExecutorContext = Changed
from prefect.cli import app
app()
"""


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (AT_IMPORT, "prefect.runner._control_channel.ControlChannel.signal is missing"),
        (AT_CALL, "FlowRunExecutorContext.create_executor of Prefect"),
    ],
    ids=["at import", "at call"],
)
def test_a_worker_whose_prefect_lacks_a_part_starts_a_process_for_each_run(
    make_warm, program, reason
):
    pool = make_warm()
    worker = pool.start_worker([sys.executable, "-c", program], has_children=program is AT_CALL)

    first, second = pool.run("trivial"), pool.run("trivial")

    assert len({first["pid"], second["pid"], worker.pid}) == 3, "two processes, of no child"
    assert children_of(worker.pid) == []
    said = " ".join(pool.log.read_text().split())
    assert "This worker starts a new process for each run and keeps no model loaded" in said
    assert reason in said
    until(lambda: pool.facts()[0].runs == 2)


def test_a_stopped_worker_of_that_kind_leaves_no_run_behind(make_warm):
    pool = make_warm()
    worker = pool.start_worker([sys.executable, "-c", AT_IMPORT], has_children=False)
    run_id = pool.begun("sleep")

    worker.terminate()

    assert worker.wait(60) == 0
    assert pool.read(run_id).state.is_crashed(), "its caller starts it again"
