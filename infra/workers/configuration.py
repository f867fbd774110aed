"""Job variables of a ``warm-process`` pool, and the configuration of a run made of them."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import WorkPool
from prefect.settings import get_current_settings
from prefect.workers.process import ProcessJobConfiguration, ProcessVariables
from pydantic import Field, field_validator

from infra.fleet.plan import HEARTBEAT
from infra.workers.child.interpreter import ChildSpec, child_environment
from infra.workers.child.messages import RunRequest
from infra.workers.revision import code_revision


class WarmProcessConfiguration(ProcessJobConfiguration):
    """How one flow run is run."""

    preload: list[str] = Field(default_factory=list)
    max_runs: int = Field(default=500, ge=1)
    max_growth_mb: int = Field(default=4096, ge=1)
    drain_seconds: float = Field(default=20.0, ge=0)

    @field_validator("command")
    @classmethod
    def _is_not_given(cls, command: str | None) -> None:
        if command is not None:
            raise ValueError("a warm-process pool starts no program for a run: leave command empty")

    def child_spec(self) -> ChildSpec:
        """Return what a child must be like to take this run, but for its GPU."""
        return ChildSpec(
            environment=child_environment(HEARTBEAT | self.env),
            revision=code_revision(),
            preload=tuple(self.preload),
            streams=self.stream_output,
        )

    def run_request(self, run_id: UUID, folder: Path) -> RunRequest:
        """Return the request to a child: of the variables, those that belong to this run alone."""
        own = {
            name: value
            for name, value in self.env.items()
            if name.startswith("PREFECT__") and value is not None
        }
        return RunRequest(run_id=run_id, environment=own, folder=str(folder.resolve()))

    def process_environment(self, gpu: str | None) -> dict[str, str | None]:
        """Return the variables of a run that gets a process of its own, on this GPU."""
        device = {"CUDA_VISIBLE_DEVICES": gpu} if gpu else {}
        return {**HEARTBEAT, **self.env, **device}


async def default_configuration(pool: WorkPool, client: PrefectClient) -> WarmProcessConfiguration:
    """Return the configuration of a run that sets no job variable, with this worker's environment.

    Raises ``httpx.HTTPError`` when the server does not answer.
    """
    configuration: WarmProcessConfiguration = (
        await WarmProcessConfiguration.from_template_and_values(
            base_job_template=pool.base_job_template, values={}, client=client
        )
    )
    settings = get_current_settings().to_environment_variables(exclude_unset=True)
    configuration.env = {**os.environ, **settings, **configuration.env}
    return configuration


class WarmProcessVariables(ProcessVariables):
    """What the pool's form asks for."""

    preload: list[str] = Field(
        default_factory=list,
        title="Preload",
        description=(
            "What an interpreter loads when it starts, as module:function, such as "
            "reelworks.pipeline.capabilities:preload."
        ),
    )
    max_runs: int = Field(
        default=500,
        ge=1,
        title="Runs per interpreter",
        description="Replace the interpreter after this many runs.",
    )
    max_growth_mb: int = Field(
        default=4096,
        ge=1,
        title="Growth limit",
        description=(
            "Replace the interpreter once it holds this many MB more than when it started, "
            "loaded models not counted."
        ),
    )
    drain_seconds: float = Field(
        default=20.0,
        ge=0,
        title="Drain time",
        description=(
            "How many seconds a run may continue when its worker is stopped; "
            "after that it is put back into its queue."
        ),
    )
