"""``reelworks deploy``: create or update what a fleet needs on the Prefect server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from blocks.error_mapping import prefect_errors
from infra.fleet.change import Change, Outcome
from reelworks.app.cli import output
from reelworks.app.cli.environment import use_services
from reelworks.app.cli.stack import password_file, print_ui, ui_address
from reelworks.settings import Settings, load_settings

_COLOURS = {
    Outcome.MADE: "green",
    Outcome.UPDATED: "yellow",
    Outcome.UNCHANGED: "dim",
    Outcome.SKIPPED: "cyan",
    Outcome.REMOVED: "yellow",
}


_VARIABLES = "Set the variables on the workers, or use --save-secrets."


def deploy(
    file: Annotated[
        Path | None, typer.Option("--file", help="File of deployments. Default: deployments.yaml.")
    ] = None,
    docker: Annotated[
        bool | None,
        typer.Option(
            "--docker/--no-docker",
            help="Pools for containers. Default: only if prefect-docker is installed.",
        ),
    ] = None,
    save_secrets: Annotated[
        bool,
        typer.Option(
            "--save-secrets",
            help="Also save keys and passwords as Prefect blocks, for workers without the "
            "variables. Anyone with access to Prefect's API can read them.",
        ),
    ] = False,
    json: output.Json = False,
) -> None:
    """Set up a fleet: pools, queues, rules, blocks, deployments, bucket and tables."""
    given = load_settings()
    with use_services(given) as settings:
        from reelworks.pipeline.run_context import prepare_services

        with prefect_errors():
            changes = asyncio.run(_put(settings, file, docker, save_secrets))
        prepare_services(settings)
        address, password = ui_address(settings), password_file(given)
    if json:
        ui = {"prefect_ui": address, "prefect_ui_password_file": password}
        output.print_json({**ui, "changes": changes})
        return
    table = output.table("what", "name", "state", "")
    for change in changes:
        state = Text(change.outcome.value, style=_COLOURS[change.outcome])
        table.add_row(change.kind, change.name, state, change.note)
    output.out.print(table)
    print_ui("Start workers with: prefect worker start --pool cpu    ", address, password)


async def _put(
    settings: Settings, file: Path | None, docker: bool | None, save_secrets: bool
) -> list[Change]:
    from prefect.client.orchestration import get_client

    from infra.fleet.deployments import apply_deployments, find_file, read_entries
    from infra.fleet.plan import DOCKER, POOLS
    from infra.fleet.pools import apply_pools
    from infra.fleet.rules import apply_rules

    path = find_file(file)
    entries = read_entries(path)
    pools = [pool for pool in POOLS if docker is not False or pool.type != DOCKER]
    required = frozenset({DOCKER} if docker else ())
    async with get_client() as client:
        changes = await apply_pools(client, pools, required)
        changes += await apply_rules(client, settings.jobs.max_attempts)
        changes += await _put_blocks(settings, save_secrets)
        present = [
            change.name
            for change in changes
            if change.kind == "pool" and change.outcome is not Outcome.SKIPPED
        ]
        changes += await apply_deployments(client, path, entries, present)
    return changes


async def _put_blocks(settings: Settings, save_secrets: bool) -> list[Change]:
    from blocks.connections import BLOCK_NAME, Registration, register_blocks

    outcomes = {
        Registration.MADE: (Outcome.MADE, ""),
        Registration.UPDATED: (Outcome.UPDATED, ""),
        Registration.UNCHANGED: (Outcome.UNCHANGED, ""),
        Registration.REMOVED: (Outcome.REMOVED, f"It contained a secret. {_VARIABLES}"),
        Registration.WITHHELD: (Outcome.SKIPPED, f"It would contain a secret. {_VARIABLES}"),
        Registration.LEFT: (
            Outcome.SKIPPED,
            "One with another secret exists and was left as it is.",
        ),
    }
    found = await register_blocks(settings, secrets=save_secrets)
    return [
        Change("block", f"{kind}/{BLOCK_NAME}", *outcomes[registration])
        for kind, registration in found.items()
    ]
