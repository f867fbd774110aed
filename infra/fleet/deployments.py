"""Apply the deployments of a file to the server, by ``prefect deploy``."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from prefect import Flow
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import ObjectNotFound
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.fleet.change import Change, Outcome
from reelworks.errors import ServiceError, SettingsError

FILE = "deployments.yaml"
_NOTED_BY_THE_SERVER: dict[str, Any] = {
    **dict.fromkeys(("created", "updated", "created_by", "updated_by"), True),
    **dict.fromkeys(("last_polled", "status", "version", "version_id", "version_info"), True),
    **dict.fromkeys(("branch", "base", "root"), True),
    "global_concurrency_limit": {"updated", "active_slots"},
    "schedules": {"__all__": {"id", "created", "updated"}},  # Prefect makes new ones each time
}


class WorkPoolRef(BaseModel):
    """Where a deployment's runs are queued."""

    model_config = ConfigDict(extra="allow")

    name: str
    work_queue_name: str


class Entry(BaseModel):
    """One deployment of the file; Prefect reads the rest."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(min_length=1)
    entrypoint: str = Field(pattern=r"^[a-z_][a-z0-9_.]*\.[a-z_][a-z0-9_]*$")
    work_pool: WorkPoolRef

    @property
    def flow(self) -> str:
        """The flow's name; raises ``SettingsError`` when the entrypoint is not a flow."""
        module, _, attribute = self.entrypoint.rpartition(".")
        try:
            found = getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise SettingsError(
                f"The entrypoint {self.entrypoint} of the deployment {self.name} cannot be "
                f"imported: {error}."
            ) from None
        if not isinstance(found, Flow):
            raise SettingsError(
                f"The entrypoint {self.entrypoint} of the deployment {self.name} is not a flow."
            )
        return found.name

    @property
    def full_name(self) -> str:
        """The name by which the server knows it: flow/deployment."""
        return f"{self.flow}/{self.name}"


class _File(BaseModel):
    deployments: list[Entry]


def find_file(given: Path | None) -> Path:
    """Return the file with the deployments: the given one, or that of the folder or the program.

    Raises ``SettingsError`` when there is none.
    """
    candidates = [given] if given else [Path(FILE), Path(__file__).parents[2] / FILE]
    for path in candidates:
        if path.is_file():
            return path.absolute()
    raise SettingsError(f"There is no file {candidates[0]}; give one with --file.")


def read_entries(path: Path) -> list[Entry]:
    """Return what the file deploys.

    ``prefect deploy`` skips an entry without a name in silence, so each is checked first. Raises
    ``SettingsError`` that names the first wrong entry.
    """
    try:
        return _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))).deployments
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = str(error).replace("\n", " ")
        raise SettingsError(f"The file {path} cannot be read: {reason}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"The file {path} is wrong at {where}: {first['msg']}.") from None


async def apply_deployments(
    client: PrefectClient, path: Path, entries: Sequence[Entry], pools: Iterable[str]
) -> list[Change]:
    """Deploy the entries whose pool is one of ``pools``, and tell what that changed.

    Raises ``ServiceError`` when ``prefect deploy`` fails.
    """
    there = set(pools)
    chosen = [entry for entry in entries if entry.work_pool.name in there]
    before = {entry.full_name: await _content(client, entry.full_name) for entry in chosen}
    if chosen:
        names = [word for entry in chosen for word in ("--name", entry.name)]
        await _prefect_deploy(path, ["--all"] if len(chosen) == len(entries) else names)
    changes = []
    for entry in entries:
        name, pool = entry.full_name, entry.work_pool.name
        if name not in before:
            note = f"the pool {pool} does not exist"
            changes.append(Change("deployment", name, Outcome.SKIPPED, note))
            continue
        after = await _content(client, name)
        if after is None:
            raise ServiceError(f"Prefect did not deploy {name} of {path}; see its own output.")
        outcome = Outcome.UNCHANGED if after == before[name] else Outcome.UPDATED
        outcome = Outcome.MADE if before[name] is None else outcome
        note = f"pool {pool}, queue {entry.work_pool.work_queue_name}"
        changes.append(Change("deployment", name, outcome, note))
    return changes


async def _content(client: PrefectClient, name: str) -> dict[str, Any] | None:
    try:
        found = await client.read_deployment_by_name(name)
    except ObjectNotFound:
        return None
    return found.model_dump(mode="json", exclude=_NOTED_BY_THE_SERVER)


async def _prefect_deploy(path: Path, chosen: Sequence[str]) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "prefect", "--no-prompt", "deploy"),
        *("--prefect-file", path.name, *chosen),
        cwd=path.parent,
        env=os.environ | {"NO_COLOR": "1", "COLUMNS": "400", "PYTHONWARNINGS": "ignore"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        lines = [line.strip() for line in output.decode(errors="replace").splitlines()]
        reason = next((line for line in reversed(lines) if line), "no output")
        raise ServiceError(f"prefect deploy failed on {path}: {reason}")
