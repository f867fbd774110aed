"""``reelworks up``, ``down`` and ``status``: the embedded services."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from blocks.error_mapping import prefect_errors
from infra.services.endpoints import Endpoints
from infra.services.files import write_private
from infra.services.supervision import supervisor
from infra.services.supervision.parts import ServicePaths, embedded, is_external, runs_programs
from infra.services.supervision.state import Service
from infra.services.supervision.status import Condition
from infra.services.supervision.status import status as part_status
from infra.workers.worker_status import WorkerStatus, read_statuses
from reelworks.app.cli import output
from reelworks.errors import ServiceError
from reelworks.settings import Settings, load_settings

NOT_STARTED = (
    "The runner, the dispatcher, the API and the keeper are started by `up` only where PostgreSQL "
    "and Prefect are both embedded; beside external ones run python -m reelworks.app.dispatcher, "
    "python -m reelworks.app and prefect worker start --pool cpu, where you want them."
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
    page = next((one.address for one in parts if one.part is Service.API), None)
    password = password_file(settings)
    if json:
        found = {"page": page, "prefect_ui": address, "prefect_ui_password_file": password}
        output.print_json({**found, "parts": parts})
        return
    if runs_programs(settings):
        tell_ui(f"The services are up. Library: {page}  ", address, password)
        output.echo("Stop them with: reelworks down")
        return
    if embedded(settings, supervisor.SERVICES):
        output.echo("The embedded services are up. Stop them with: reelworks down")
    else:
        output.echo("All services are external, so there is nothing to start here.")
    output.echo(NOT_STARTED)


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
        output.echo(f"Some services stay until their users end (process {names}).")
    else:
        output.echo("The services are down.")


def status(
    urls: Annotated[
        bool,
        typer.Option(
            "--urls",
            help="Print the addresses with their passwords instead, as lines for a shell.",
        ),
    ] = False,
    json: output.Json = False,
) -> None:
    """Show what runs, where, and how much memory it takes; workers show their models.

    For psql, prefect or another program in this shell: eval "$(reelworks status --urls)"
    """
    settings = load_settings()
    if urls:
        _print_urls(supervisor.reachable(settings), json=json)
        return
    parts, workers = part_status(settings), read_statuses(settings.data_dir)
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


def _print_urls(endpoints: Endpoints, *, json: bool) -> None:
    """Print what a program needs to use the services. Raises ``ServiceError`` without any."""
    variables = endpoints.variables()
    if not variables:
        raise ServiceError("Nothing runs here; start the services with reelworks up.")
    if json:
        output.print_json(variables)
        return
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")


def tell_ui(before: str, address: str | None, password: Path | None) -> None:
    """Say where the Prefect UI is, and where the password is that it asks for."""
    output.echo(f"{before}Prefect UI: {address}")
    if password:
        output.echo(f"The Prefect UI asks for a password: cat {shlex.quote(str(password))}")


def password_file(settings: Settings) -> Path | None:
    """Return the file with the password of the Prefect UI; None for a server of somebody else's.

    ``settings`` are those of before the services were started: then all are told like external.
    """
    if is_external(settings, Service.PREFECT):
        return None
    return ServicePaths(settings.data_dir).prefect.password


def _children(workers: Sequence[WorkerStatus]) -> Table:
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


def _models(workers: Sequence[WorkerStatus]) -> Table:
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
    and ``reelworks deploy`` has made its rules. Raises ``ServiceError``.
    """
    endpoints = supervisor.up(settings)
    prepare(endpoints, also_prefect=runs_programs(settings))
    return endpoints


def prepare(endpoints: Endpoints, *, also_prefect: bool = True) -> None:
    """Make the bucket and the tables, and put our rules on the Prefect server.

    No block is saved: every process that we start has the environment.

    Raises ``ServiceError`` when a service does not answer.
    """
    os.environ.update(endpoints.environment())
    from reelworks.pipeline.run_context import prepare_services

    settings = load_settings()
    prepare_services(settings)
    if not also_prefect:
        return
    with prefect_errors():
        asyncio.run(_put_rules(settings))
        if endpoints.prefect_home is not None:
            asyncio.run(_delete_old_blocks(endpoints.prefect_home))


async def _delete_old_blocks(home: Path) -> None:
    """Delete once what earlier versions saved with its secrets; what a user saves later stays."""
    from blocks.connections import delete_blocks

    done = home / "blocks-deleted"
    if not done.exists():
        await delete_blocks()
        write_private(done, "")


async def _put_rules(settings: Settings) -> None:
    from prefect.client.orchestration import get_client

    from infra.fleet.rules import apply_rules

    async with get_client() as client:
        await apply_rules(client, settings.worker_max_attempts)


def ui_address(endpoints: Endpoints) -> str | None:
    """Return the address of the Prefect UI."""
    api = endpoints.prefect_api_url
    return api.removesuffix("/").removesuffix("/api") if api else None
