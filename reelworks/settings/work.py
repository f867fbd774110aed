"""Settings of work: jobs, encoders, GPU workers, local models in memory."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from reelworks.settings.group import Group


class GpuFallback(StrEnum):
    """What a stage does for which there is no GPU worker."""

    CPU = "cpu"
    WAIT = "wait"


class VideoSettings(Group):
    """Normalized video."""

    encoder: Literal["auto", "x264", "nvenc"] = Field(
        "x264",
        alias="VIDEO_ENCODER",
        description="Encoder of normalized video; `auto` uses NVENC where it works.",
    )


class GpuSettings(Group):
    """Stages on GPU workers."""

    pool: str | None = Field(
        None,
        alias="GPU_POOL",
        pattern="^[A-Za-z0-9_-]+$",
        description="Work pool for stages that benefit from a GPU. Unset: all run in one process.",
    )
    fallback: GpuFallback = Field(
        GpuFallback.CPU,
        alias="GPU_FALLBACK",
        description="Without a live worker in `GPU_POOL`: run on this machine's `cpu`, or `wait`.",
    )
    memory_mb: int | None = Field(
        None,
        alias="GPU_MEMORY_MB",
        ge=1,
        description="GPU memory in MB for the loaded models of a process. Unset: no limit.",
    )


class JobSettings(Group):
    """The job queue."""

    max_attempts: int = Field(
        3,
        alias="WORKER_MAX_ATTEMPTS",
        ge=1,
        le=20,
        description="Attempts of a job, or a stage in a run without one, whose error is retryable.",
    )
    poll_ms: int = Field(
        1500,
        alias="WORKER_POLL_MS",
        ge=50,
        description="Milliseconds between the dispatcher's polls of the job queue, when busy.",
    )
    in_flight: int = Field(
        16,
        alias="JOBS_IN_FLIGHT",
        ge=1,
        le=1000,
        description="Jobs submitted to Prefect or running at once, at most.",
    )
    lease_seconds: float = Field(
        60.0,
        alias="JOB_LEASE_SECONDS",
        ge=3,
        allow_inf_nan=False,
        description="Seconds without a heartbeat after which a job goes to another run.",
    )


class ModelSettings(Group):
    """Local models in memory."""

    threads: int | None = Field(
        None,
        alias="CPU_THREADS",
        ge=1,
        description="Threads for each local model. Unset: the machine's cores.",
    )
    memory_mb: int | None = Field(
        None,
        alias="MODEL_MEMORY_MB",
        ge=1,
        description="Memory in MB for the loaded models of a process. Unset: no limit.",
    )
    idle_seconds: float | None = Field(
        None,
        alias="MODEL_IDLE_SECONDS",
        gt=0,
        allow_inf_nan=False,
        description="Seconds without use after which a model is unloaded. Unset: never.",
    )
