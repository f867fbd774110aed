"""``reelworks up``, ``down`` and ``status``: the embedded services."""

from __future__ import annotations

import asyncio
import os
from typing import Annotated

import typer
from rich.text import Text

from infra.services import supervisor
from infra.services.endpoints import Endpoints
from infra.services.status import Condition
from infra.services.status import status as part_status
from reelworks.app.cli import output
from reelworks.app.cli.prefect_faults import prefect_errors
from reelworks.settings import load_settings

_COLOURS = {
    Condition.RUNNING: "green",
    Condition.EXTERNAL: "cyan",
    Condition.STOPPED: "dim",
    Condition.BROKEN: "red",
}


def up(json: output.Json = False) -> None:
    """Start the services and keep them running."""
    settings = load_settings()
    endpoints = supervisor.up(settings)
    prepare(endpoints)
    address = ui_address(endpoints)
    if json:
        output.print_json({"prefect_ui": address, "parts": part_status(settings)})
        return
    output.say(f"The services are up. Prefect UI: {address}")
    output.say("Stop them with: reelworks down")


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
    """Show what runs, where, and how much memory it takes."""
    parts = part_status(load_settings())
    if json:
        output.print_json(parts)
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


def prepare(endpoints: Endpoints) -> None:
    """Make the bucket and the tables, and save the connections as Prefect blocks.

    Raises ``ServiceError`` when a service does not answer.
    """
    os.environ.update(endpoints.environment())
    from blocks.connections import register_blocks
    from reelworks.stages.workplace import prepare_services

    settings = load_settings()
    prepare_services(settings)
    with prefect_errors():
        asyncio.run(register_blocks(settings))


def ui_address(endpoints: Endpoints) -> str | None:
    """Return the address of the Prefect UI."""
    api = endpoints.prefect_api_url
    return api.removesuffix("/").removesuffix("/api") if api else None
