"""What workers write about themselves, and how it is read."""

from __future__ import annotations

import os
import socket
import time

import pytest

from infra.services.process import Process, current
from infra.workers.child.messages import ModelPoolStatus, ModelStatus
from infra.workers.status.metrics import metrics_text
from infra.workers.status.worker_status import (
    FRESH_SECONDS,
    KEEP_SECONDS,
    ChildStatus,
    WorkerStatus,
    folder_of,
    own_file,
    read_statuses,
    remove_old,
    write_status,
)

MODEL = ModelStatus(
    key='minilm/"2"',
    loaded=True,
    loads=1,
    hits=41,
    load_seconds=0.75,
    host_bytes=123_456_789,
    gpu_bytes=0,
)


def facts(**changes) -> WorkerStatus:
    now = time.time()
    child = ChildStatus(
        gpu="GPU-1",
        pid=7,
        run="stage",
        runs=42,
        memory=200_000_000,
        revision="abc",
        models=ModelPoolStatus(models=[MODEL], host_bytes=123_456_789, evictions=2),
    )
    made = WorkerStatus(
        name="w",
        pool="gpu",
        host=socket.gethostname(),
        process=current(),
        release="0.1.0",
        revision="abc",
        started=now,
        updated=now,
        runs=42,
        crashes=1,
        children=[child],
    )
    return made.model_copy(update=changes)


def test_what_is_written_is_read(tmp_path):
    written = facts()
    write_status(own_file(tmp_path), written)

    assert read_statuses(tmp_path) == [written]


def test_a_dead_worker_and_a_silent_one_elsewhere_are_left_out(tmp_path):
    folder = folder_of(tmp_path)
    write_status(folder / "dead.json", facts(process=Process(os.getpid(), "another birth")))
    long_ago = time.time() - FRESH_SECONDS - 1
    write_status(folder / "silent.json", facts(host="elsewhere", updated=long_ago))
    write_status(folder / "alive.json", facts(host="elsewhere", name="other container"))

    assert [one.name for one in read_statuses(tmp_path)] == ["other container"]


def test_the_file_of_a_worker_of_the_version_before_is_read(tmp_path):
    path = folder_of(tmp_path) / "old.json"
    written = facts()
    write_status(path, written)
    path.write_text(path.read_text().replace('"start_id"', '"born"'))

    remove_old(tmp_path)

    assert read_statuses(tmp_path) == [written]


def test_no_folder_and_broken_files_are_no_workers(tmp_path):
    assert read_statuses(tmp_path) == []
    folder_of(tmp_path).mkdir()
    (folder_of(tmp_path) / "broken.json").write_text("{")

    assert read_statuses(tmp_path) == []


def test_files_of_long_dead_workers_are_removed(tmp_path):
    old, new = folder_of(tmp_path) / "old.json", folder_of(tmp_path) / "new.json"
    write_status(old, facts(updated=time.time() - KEEP_SECONDS - 1))
    write_status(new, facts())

    remove_old(tmp_path)

    assert [path.name for path in folder_of(tmp_path).iterdir()] == ["new.json"]


@pytest.mark.parametrize(
    "line",
    [
        'reelworks_worker_runs_total{worker="w",pool="gpu",host="HOST"} 42',
        'reelworks_child_busy{worker="w",pool="gpu",host="HOST",gpu="GPU-1",pid="7"} 1',
        'reelworks_model_host_bytes{worker="w",pool="gpu",host="HOST",gpu="GPU-1",pid="7",'
        'model="minilm/\\"2\\""} 123456789',
        'reelworks_model_load_seconds_total{worker="w",pool="gpu",host="HOST",gpu="GPU-1",pid="7",'
        'model="minilm/\\"2\\""} 0.75',
        "# TYPE reelworks_model_hits_total counter",
    ],
)
def test_metrics_say_the_same_in_prometheus_words(line):
    assert line.replace("HOST", socket.gethostname()) in metrics_text([facts()]).splitlines()


def test_each_metric_is_described_once():
    text = metrics_text([facts(), facts(name="second")])
    heads = [line for line in text.splitlines() if line.startswith("# TYPE")]

    assert len(heads) == len(set(heads))
    assert metrics_text([]) == ""
