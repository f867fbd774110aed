"""``reelworks up``, ``down`` and ``status``: the embedded services."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from infra.services.endpoints import Endpoints
from infra.services.supervision import supervisor
from infra.services.supervision.parts import embedded, runs_programs
from infra.services.supervision.state import Service
from infra.services.supervision.status import Condition
from infra.services.supervision.status import status as part_status
from infra.workers.status.worker_status import WorkerStatus, read_statuses
from reelworks.app.cli import output
from reelworks.app.cli.stack import password_file, print_ui, start_stack, ui_address
from reelworks.errors import ServiceError
from reelworks.settings import load_settings

NOT_STARTED = (
    "`up` starts the runner, the dispatcher, the API and the watchdog only where PostgreSQL and "
    "Prefect are both embedded. With external ones, run python -m reelworks.app.dispatcher, "
    "python -m reelworks.app and prefect worker start --pool cpu on the machines of your choice."
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
    address = ui_address(endpoints.settings(settings))
    parts = part_status(settings)
    page = next((one.address for one in parts if one.part is Service.API), None)
    password = password_file(settings)
    if json:
        ui = {"page": page, "prefect_ui": address, "prefect_ui_password_file": password}
        output.print_json({**ui, "parts": parts})
        return
    if runs_programs(settings):
        print_ui(f"The services are up. Library: {page}  ", address, password)
        output.echo("Stop them with: reelworks down")
        return
    if embedded(settings, supervisor.SERVICES):
        output.echo("The embedded services are up. Stop them with: reelworks down")
    else:
        output.echo("All services are external, so there is nothing to start.")
    output.echo(NOT_STARTED)


def down(
    force: Annotated[
        bool, typer.Option("--force", help="Stop also services that a running command uses.")
    ] = False,
    json: output.Json = False,
) -> None:
    """Stop the services that `up` started."""
    users = supervisor.down(load_settings(), force=force)
    if json:
        output.print_json({"still_used_by": users})
    elif users:
        names = ", ".join(str(pid) for pid in users)
        output.echo(
            f"Some services stay up until the commands that use them end (process {names})."
        )
    else:
        output.echo("The services are down.")


def status(
    urls: Annotated[
        bool,
        typer.Option(
            "--urls",
            help="Print the addresses and passwords as shell variables instead.",
        ),
    ] = False,
    json: output.Json = False,
) -> None:
    """Show the services: state, address, memory; and the workers with their models.

    To use psql, prefect or another program in this shell: eval "$(reelworks status --urls)"
    """
    settings = load_settings()
    if urls:
        _print_urls(supervisor.reachable(settings), json=json)
        return
    parts, workers = part_status(settings), read_statuses(settings.data_dir)
    if json:
        values = [worker.model_dump(mode="json") for worker in workers]
        output.print_json({"parts": parts, "workers": values})
        return
    table = output.table("part", "state", "address", "#pid", "#MB", "")
    for part in parts:
        colour = _COLOURS[part.condition]
        table.add_row(
            part.part.value,
            Text(part.condition.value, style=colour),
            part.address or "",
            str(part.pid or ""),
            f"{part.memory / 1e6:.0f}" if part.memory else "",
            part.note,
        )
    output.out.print(table)
    if workers:
        output.out.print()
        output.out.print(_children_table(workers))
        output.out.print()
        output.out.print(_models_table(workers))


def _print_urls(endpoints: Endpoints, *, json: bool) -> None:
    """Print the variables with which a program reaches the services.

    Raises ``ServiceError`` when none is known.
    """
    variables = endpoints.variables()
    if not variables:
        raise ServiceError("No services are running; start them with reelworks up.")
    if json:
        output.print_json(variables)
        return
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")


def _children_table(workers: Sequence[WorkerStatus]) -> Table:
    table = output.table("worker", "pool", "GPU", "state", "#pid", "#runs", "#MB", "code")
    for worker in workers:
        for child in worker.children:
            table.add_row(
                worker.name,
                worker.pool,
                child.gpu or "none",
                f"running {child.run}" if child.run else "idle",
                str(child.pid),
                str(child.runs),
                f"{child.memory / 1e6:.0f}",
                child.revision,
            )
    return table


def _models_table(workers: Sequence[WorkerStatus]) -> Table:
    table = output.table("model", "state", "#pid", "#loads", "#hits", "#s/load", "#MB", "#GPU MB")
    for child in (child for worker in workers for child in worker.children):
        for model in child.models.models:
            table.add_row(
                model.key,
                "loaded" if model.loaded else "unloaded",
                str(child.pid),
                str(model.loads),
                str(model.hits),
                f"{model.load_seconds / max(model.loads, 1):.1f}",
                f"{model.host_bytes / 1e6:.0f}",
                f"{model.gpu_bytes / 1e6:.0f}",
            )
    return table
