"""Workers and their models as Prometheus metrics, in its text format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from infra.workers.child.messages import ModelStatus
from infra.workers.status.worker_status import ChildStatus, WorkerStatus


@dataclass(frozen=True, slots=True)
class _Metric:
    name: str
    kind: str
    text: str


def metrics_text(workers: Sequence[WorkerStatus]) -> str:
    """Return what ``/metrics`` answers for these workers (text format 0.0.4)."""
    lines: list[str] = []
    for metric, value in _OF_WORKER:
        lines += _block(metric, ((_of_worker(one), value(one)) for one in workers))
    pairs = [(one, child) for one in workers for child in one.children]
    for metric, of_child in _OF_CHILD:
        lines += _block(metric, ((_of_child(one, c), of_child(c)) for one, c in pairs))
    models = [(one, child, model) for one, child in pairs for model in child.models.models]
    for metric, of_model in _OF_MODEL:
        lines += _block(
            metric, ((_of_child(one, c) | {"model": m.key}, of_model(m)) for one, c, m in models)
        )
    return "".join(f"{line}\n" for line in lines)


_OF_WORKER: tuple[tuple[_Metric, Callable[[WorkerStatus], float]], ...] = (
    (_Metric("reelworks_worker_runs_total", "counter", "Runs that ended."), lambda w: w.runs),
    (
        _Metric("reelworks_worker_crashes_total", "counter", "Children that died in a run."),
        lambda w: w.crashes,
    ),
    (
        _Metric("reelworks_worker_replaced_total", "counter", "Children that were replaced."),
        lambda w: w.replaced,
    ),
)
_OF_CHILD: tuple[tuple[_Metric, Callable[[ChildStatus], float]], ...] = (
    (
        _Metric("reelworks_child_busy", "gauge", "1 while a run is in progress."),
        lambda c: bool(c.run),
    ),
    (
        _Metric("reelworks_child_memory_bytes", "gauge", "Resident memory after the last run."),
        lambda c: c.memory,
    ),
    (
        _Metric("reelworks_models_evicted_total", "counter", "Models unloaded to make room."),
        lambda c: c.models.evictions,
    ),
)
_OF_MODEL: tuple[tuple[_Metric, Callable[[ModelStatus], float]], ...] = (
    (_Metric("reelworks_model_loaded", "gauge", "1 while in memory."), lambda m: m.loaded),
    (_Metric("reelworks_model_loads_total", "counter", "Times it was loaded."), lambda m: m.loads),
    (
        _Metric("reelworks_model_hits_total", "counter", "Times it was found loaded."),
        lambda m: m.hits,
    ),
    (
        _Metric("reelworks_model_load_seconds_total", "counter", "Seconds of all its loads."),
        lambda m: m.load_seconds,
    ),
    (
        _Metric("reelworks_model_host_bytes", "gauge", "Memory that it takes."),
        lambda m: m.host_bytes,
    ),
    (
        _Metric("reelworks_model_gpu_bytes", "gauge", "GPU memory that it takes."),
        lambda m: m.gpu_bytes,
    ),
)


def _block(metric: _Metric, samples: Iterator[tuple[dict[str, str], float]]) -> list[str]:
    lines = [f"{metric.name}{_labels(labels)} {_number(value)}" for labels, value in samples]
    head = [f"# HELP {metric.name} {metric.text}", f"# TYPE {metric.name} {metric.kind}"]
    return head + lines if lines else []


def _of_worker(worker: WorkerStatus) -> dict[str, str]:
    return {"worker": worker.name, "pool": worker.pool, "host": worker.host}


def _of_child(worker: WorkerStatus, child: ChildStatus) -> dict[str, str]:
    return _of_worker(worker) | {"gpu": child.gpu or "", "pid": str(child.pid)}


def _labels(labels: dict[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    """Return whole numbers in full: bytes must not be rounded."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))
