"""``reelworks up``, ``down`` and ``status``: the embedded services."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from blocks.prefect_faults import prefect_errors
from infra.services import supervisor
from infra.services.endpoints import Endpoints
from infra.services.parts import embedded, keeps_programs
from infra.services.state import Part
from infra.services.status import Condition
from infra.services.status import status as part_status
from infra.workers.facts import WorkerFacts, read_facts
from reelworks.app.cli import output
from reelworks.settings import Settings, load_settings

NOT_STARTED = (
    "The runner, the dispatcher, the API and the keeper are started by `up` only where PostgreSQL "
    "and Prefect are both embedded; beside external ones run python -m reelworks.app.intake, "
    "python -m reelworks.app.api and prefect worker start --pool cpu, where you want them."
)
_COLOURS = {
    Condition.RUNNING: "green",
    Condition.EXTERNAL: "cyan",
    Condition.STOPPED: "dim",
    Condition.BROKEN: "red",
}


def up(json: output.Json = False) -> None:
    """Start the services and keep them running."""
    settings = load_settings()
    endpoints = start_stack(settings)
    address = ui_address(endpoints)
    parts = part_status(settings)
    page = next((one.address for one in parts if one.part is Part.API), None)
    if json:
        output.print_json({"page": page, "prefect_ui": address, "parts": parts})
        return
    if keeps_programs(settings):
        output.say(f"The services are up. Library: {page}  Prefect UI: {address}")
        output.say("Stop them with: reelworks down")
        return
    if embedded(settings, supervisor.SERVICES):
        output.say("The embedded services are up. Stop them with: reelworks down")
    else:
        output.say("All services are external, so there is nothing to start here.")
    output.say(NOT_STARTED)


def down(
    force: Annotated[
        bool, typer.Option("--force", help="Stop even what a running command uses.")
    ] = False,
    json: output.Json = False,
) -> None:
    """Stop the services that ``up`` keeps running."""
    holders = supervisor.down(load_settings(), force=force)
    if json:
        output.print_json({"still_used_by": holders})
    elif holders:
        names = ", ".join(str(pid) for pid in holders)
        output.say(f"Some services stay until their users end (process {names}).")
    else:
        output.say("The services are down.")


def status(json: output.Json = False) -> None:
    """Show what runs, where, and how much memory it takes; workers show their models."""
    settings = load_settings()
    parts, workers = part_status(settings), read_facts(settings.data_dir)
    if json:
        told = [worker.model_dump(mode="json") for worker in workers]
        output.print_json({"parts": parts, "workers": told})
        return
    made = output.table("part", "state", "address", "#pid", "#MB", "")
    for part in parts:
        colour = _COLOURS[part.condition]
        made.add_row(
            part.part.value,
            Text(part.condition.value, style=colour),
            part.address or "",
            str(part.pid or ""),
            f"{part.memory / 1e6:.0f}" if part.memory else "",
            part.note,
        )
    output.out.print(made)
    if workers:
        output.out.print()
        output.out.print(_children(workers))
        output.out.print()
        output.out.print(_models(workers))


def _children(workers: Sequence[WorkerFacts]) -> Table:
    made = output.table("worker", "pool", "GPU", "state", "#pid", "#runs", "#MB", "code")
    for worker in workers:
        for child in worker.children:
            made.add_row(
                worker.name,
                worker.pool,
                child.gpu or "none",
                f"runs {child.run}" if child.run else "idle",
                str(child.pid),
                str(child.runs),
                f"{child.memory / 1e6:.0f}",
                child.revision,
            )
    return made


def _models(workers: Sequence[WorkerFacts]) -> Table:
    made = output.table("model", "state", "#pid", "#loads", "#hits", "#s a load", "#MB", "#GPU MB")
    for child in (child for worker in workers for child in worker.children):
        for model in child.models.models:
            made.add_row(
                model.key,
                "loaded" if model.loaded else "let go",
                str(child.pid),
                str(model.loads),
                str(model.hits),
                f"{model.load_seconds / max(model.loads, 1):.1f}",
                f"{model.host_bytes / 1e6:.0f}",
                f"{model.gpu_bytes / 1e6:.0f}",
            )
    return made


def start_stack(settings: Settings) -> Endpoints:
    """Start what is to run here, and make ready what it stands on.

    Beside external services that is nothing: jobs go to the queue there, whose fleet does them,
    and ``reelworks deploy`` has made its blocks and rules. Raises ``ServiceError``.
    """
    endpoints = supervisor.up(settings)
    prepare(endpoints, also_prefect=keeps_programs(settings))
    return endpoints


def prepare(endpoints: Endpoints, *, also_prefect: bool = True) -> None:
    """Make the bucket and the tables, and put blocks and rules on the Prefect server.

    Raises ``ServiceError`` when a service does not answer.
    """
    os.environ.update(endpoints.environment())
    from reelworks.stages.workplace import prepare_services

    settings = load_settings()
    prepare_services(settings)
    if also_prefect:
        with prefect_errors():
            asyncio.run(_put_blocks_and_rules(settings))


async def _put_blocks_and_rules(settings: Settings) -> None:
    from prefect.client.orchestration import get_client

    from blocks.connections import register_blocks
    from infra.fleet.rules import put_rules

    await register_blocks(settings)
    async with get_client() as client:
        await put_rules(client, settings.worker_max_attempts)


def ui_address(endpoints: Endpoints) -> str | None:
    """Return the address of the Prefect UI."""
    api = endpoints.prefect_api_url
    return api.removesuffix("/").removesuffix("/api") if api else None
