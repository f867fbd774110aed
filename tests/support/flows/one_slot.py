"""The whole house of ``reelworks up`` with one slot for flow runs, as on a machine of few cores."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from infra.fleet.plan import HEARTBEAT
from infra.services.process import kill
from infra.services.supervision.programs import PROGRAMS
from infra.services.supervision.state import Service, read_state
from infra.services.supervision.supervisor import down, up
from reelworks.settings import Settings
from reelworks.store.db.database import create_database_engine, ensure_schema

ROOT = Path(__file__).parents[3]
SERVE = (
    "import asyncio; from flows import serve; serve.RUNS_AT_ONCE = 1; asyncio.run(serve.serve())"
)
DEPLOYMENTS = ("index/index", "backfill/backfill", "sync/sync")


@dataclass
class OneSlot:
    """Services, dispatcher and ``flows.serve`` in one DATA_DIR; the environment points at them."""

    bare: Settings
    settings: Settings
    engine: Engine

    async def start(self, deployment: str, **params: Any) -> UUID:
        """Ask for a run as the Prefect UI does, and return its id."""
        from prefect.client.orchestration import get_client

        async with get_client() as client:
            found = await client.read_deployment_by_name(deployment)
            run = await client.create_flow_run_from_deployment(
                found.id, parameters={"params": params}
            )
        return run.id

    async def until(self, run_id: UUID, state: str, seconds: float = 180.0) -> Any:
        """Wait until a run has a state of that name; fails at once when it ends with another."""
        from prefect.client.orchestration import get_client

        async with get_client() as client, asyncio.timeout(seconds):
            while True:
                run = await client.read_flow_run(run_id)
                assert run.state is not None
                if run.state.name == state:
                    return run
                assert not run.state.is_final(), run.state
                await asyncio.sleep(0.2)

    def kill_dispatcher(self) -> None:
        """End the dispatcher as a crash would; it is gone when this returns."""
        kill(read_state(self.bare.data_dir / "run").parts[Service.DISPATCHER].process)

    def start_dispatcher(self) -> None:
        """Start the dispatcher again."""
        up(self.bare, _dispatcher())


def _dispatcher() -> list[Any]:
    return [program for program in PROGRAMS if program.part is Service.DISPATCHER]


@contextmanager
def one_slot_house(models_dir: Path) -> Iterator[OneSlot]:
    """Start it all, and stop it again."""
    from prefect.context import refresh_global_settings_context

    nowhere = ("database_url", "prefect_api_url", "s3_endpoint_url")
    keys = ("s3_access_key_id", "s3_secret_access_key")
    with tempfile.TemporaryDirectory(prefix="rw-", ignore_cleanup_errors=True) as folder:
        bare = Settings(
            _env_file=None, data_dir=Path(folder), models_dir=models_dir,
            **dict.fromkeys((*nowhere, *keys)),
        )  # fmt: skip
        serving: subprocess.Popen[bytes] | None = None
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("MODELS_DIR", str(models_dir))
                paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
                patch.setenv("PYTHONPATH", os.pathsep.join(paths))
                endpoints = up(bare, _dispatcher())
                for name, value in endpoints.environment().items():
                    patch.setenv(name, value)
                for name, value in (HEARTBEAT | {"DATA_DIR": folder}).items():
                    patch.setenv(name, value)
                refresh_global_settings_context()
                settings = endpoints.settings(bare)
                engine = create_database_engine(settings)
                ensure_schema(engine)
                log = (Path(folder) / "logs" / "serve.log").open("wb")
                serving = subprocess.Popen(
                    [sys.executable, "-c", SERVE], stdout=log, stderr=subprocess.STDOUT
                )
                log.close()
                asyncio.run(_deployed(serving))
                yield OneSlot(bare, settings, engine)
                engine.dispose()
        finally:
            if serving is not None:
                serving.terminate()
                serving.wait(30)
            down(bare, force=True)
            refresh_global_settings_context()


async def _deployed(serving: subprocess.Popen[bytes]) -> None:
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    deadline = time.monotonic() + 180
    async with get_client() as client:
        for name in DEPLOYMENTS:
            while True:
                assert serving.poll() is None, "flows.serve ended"
                assert time.monotonic() < deadline, f"{name} was not deployed"
                try:
                    await client.read_deployment_by_name(name)
                except ObjectNotFound:
                    await asyncio.sleep(0.2)
                else:
                    break
