"""What a command has changed; a command that changes nothing says so and ends with its own code."""

from __future__ import annotations

from collections.abc import Sequence

from reelworks.app.cli import output
from reelworks.app.cli.exit_codes import NOTHING_CHANGED


def print_unchanged(reason: str) -> int:
    """Print why nothing was changed, and return the exit code."""
    output.echo(f"Nothing was changed: {reason}.")
    return NOTHING_CHANGED


def print_changed_jobs(ids: Sequence[str], done: str, reason: str, *, json: bool) -> int:
    """Print what was done to which jobs, or the ``reason`` why nothing was; return the exit code.

    As JSON it is what the API answers.
    """
    if json:
        from reelworks.app.api.schemas.jobs import Changed

        output.print_model(Changed(count=len(ids), job_ids=list(ids)))
        return 0 if ids else NOTHING_CHANGED
    if not ids:
        return print_unchanged(reason)
    output.echo(f"{done}: {output.plural(len(ids), 'job')}.")
    return 0


def print_switch(*, paused: bool, changed: bool, json: bool) -> int:
    """Print whether the dispatcher is paused now, and return the exit code."""
    if json:
        output.print_json({"paused": paused})
        return 0 if changed else NOTHING_CHANGED
    if not changed:
        return print_unchanged(f"the dispatcher is {'paused' if paused else 'running'} already")
    output.echo("Dispatcher paused." if paused else "Dispatcher resumed.")
    return 0
