"""The services and programs that ``reelworks up`` keeps running, started and prepared."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blocks.error_mapping import prefect_errors
from infra.services.endpoints import Endpoints
from infra.services.files import write_private
from infra.services.supervision import supervisor
from infra.services.supervision.parts import ServicePaths, is_external, runs_programs
from infra.services.supervision.state import Service
from reelworks.app.cli import output
from reelworks.app.cli.environment import use_environment
from reelworks.settings import Settings


@contextmanager
def use_stack(settings: Settings) -> Iterator[Settings]:
    """Start what ``start_stack`` starts; yield the settings that point at the services.

    Their variables are in the environment inside the block. The services run on after it.
    """
    endpoints = start_stack(settings)
    with use_environment(endpoints.environment()):
        yield endpoints.settings(settings)


def start_stack(settings: Settings) -> Endpoints:
    """Start the embedded services and their programs; make the bucket, tables and Prefect rules.

    Where services are external, their own fleet runs the jobs, and ``reelworks deploy`` has put
    the rules there. Raises ``ServiceError`` when a service does not answer.
    """
    endpoints = supervisor.up(settings)
    with use_environment(endpoints.environment()):
        _prepare(endpoints, endpoints.settings(settings), with_prefect=runs_programs(settings))
    return endpoints


def _prepare(endpoints: Endpoints, settings: Settings, *, with_prefect: bool) -> None:
    # No Prefect block is saved: every process that is started here has the environment.
    from reelworks.pipeline.run_context import prepare_services

    prepare_services(settings)
    if not with_prefect:
        return
    with prefect_errors():
        asyncio.run(_put_rules(settings))
        if endpoints.prefect_home is not None:
            asyncio.run(_delete_old_blocks(endpoints.prefect_home))


async def _put_rules(settings: Settings) -> None:
    from prefect.client.orchestration import get_client

    from infra.fleet.rules import apply_rules

    async with get_client() as client:
        await apply_rules(client, settings.jobs.max_attempts)


async def _delete_old_blocks(home: Path) -> None:
    """Delete once what earlier versions saved with its secrets; what a user saves later stays."""
    from blocks.connections import delete_blocks

    done = home / "blocks-deleted"
    if not done.exists():
        await delete_blocks()
        write_private(done, "")


def ui_address(settings: Settings) -> str | None:
    """Return the address of the Prefect UI; ``settings`` point at running services."""
    api = settings.prefect.api_url
    return api.removesuffix("/").removesuffix("/api") if api else None


def password_file(settings: Settings) -> Path | None:
    """Return the file with the password of the Prefect UI; None for an external server.

    ``settings`` are those of before the services were started: afterwards all look external.
    """
    if is_external(settings, Service.PREFECT):
        return None
    return ServicePaths(settings.data_dir).prefect.password


def print_ui(before: str, address: str | None, password: Path | None) -> None:
    """Print where the Prefect UI is, and how to show the password that it requires."""
    output.echo(f"{before}Prefect UI: {address}")
    if password:
        output.echo(f"The Prefect UI requires a password: cat {shlex.quote(str(password))}")
