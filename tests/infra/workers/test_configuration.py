"""The pool's form and how many children a worker has."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from infra.workers.configuration import WarmProcessConfiguration
from infra.workers.warm_process import WarmProcessWorker

RUN = UUID(int=7)


def test_every_field_of_our_own_explains_itself():
    fields = WarmProcessWorker.get_default_base_job_template()["variables"]["properties"]

    for name in ("preload", "max_runs", "max_growth_mb", "drain_seconds"):
        assert fields[name]["title"], name
        assert fields[name]["description"].endswith("."), name


def test_a_command_is_refused():
    with pytest.raises(ValueError, match="leave command empty"):
        WarmProcessConfiguration(command="python flow.py")


def test_a_kind_leaves_out_what_belongs_to_one_run():
    one = WarmProcessConfiguration(env={"A": "1", "PREFECT__FLOW_RUN_ID": "x", "B": None})
    other = WarmProcessConfiguration(env={"PREFECT__FLOW_RUN_ID": "y", "A": "1"})

    assert one.child_spec() == other.child_spec()
    request = one.run_request(RUN, Path("/tmp/../tmp"))
    assert request.environment == {"PREFECT__FLOW_RUN_ID": "x"}
    assert (request.run_id, request.folder) == (RUN, "/tmp")
    assert dict(one.child_spec().environment)["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == "30"
    assert one.child_spec() != WarmProcessConfiguration(env={"A": "2"}).child_spec()


def test_a_process_of_its_own_gets_the_variables_of_its_run_and_its_gpu():
    one = WarmProcessConfiguration(env={"A": "1", "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "60"})

    assert one.process_environment("GPU-7") == {
        "A": "1",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "60",
        "CUDA_VISIBLE_DEVICES": "GPU-7",
    }
    assert "CUDA_VISIBLE_DEVICES" not in one.process_environment(None)


@pytest.mark.parametrize(
    ("visible", "limit", "gpus"),
    [("", None, [None]), ("", 2, [None, None]), ("0,1", None, ["0", "1"]), ("0,1", 1, ["0"])],
)
def test_there_is_one_child_for_each_gpu_unless_the_limit_says_otherwise(
    monkeypatch, visible, limit, gpus
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    worker = WarmProcessWorker("gpu", limit=limit)

    assert [slot.gpu for slot in worker._slots] == gpus
