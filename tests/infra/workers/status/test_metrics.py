"""Metrics of workers in Prometheus's text format."""

from __future__ import annotations

import socket

import pytest

from infra.workers.status.metrics import metrics_text
from tests.infra.workers.status.conftest import facts


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
