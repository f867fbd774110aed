"""The command ``reelworks``: its subcommands and exit codes."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any, NoReturn

import typer
from typer.exceptions import TyperException

from infra.startup import stop_at_once, stop_by_raising
from reelworks.app.cli import output
from reelworks.app.cli.commands import (
    backfill,
    deploy,
    doctor,
    embeddings,
    index,
    jobs,
    library,
    restore,
    search,
    services,
    sync,
    token,
)
from reelworks.app.cli.crash_report import write_crash_report
from reelworks.app.cli.exit_codes import EXIT_CODES
from reelworks.errors import CancelledError, ReelworksError

app = typer.Typer(
    name="reelworks",
    help="Video in, searchable content out.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(index.index)
app.command()(search.search)
app.command()(library.show)
app.command("list")(library.list_)
app.command()(library.export)
app.command()(services.up)
app.command()(services.down)
app.command()(services.status)
app.command()(doctor.doctor)
app.command()(deploy.deploy)
app.add_typer(jobs.app, name="jobs")
app.add_typer(backfill.app, name="backfill")
app.command()(sync.sync)
app.command()(restore.restore)
app.add_typer(embeddings.app, name="embeddings")
app.add_typer(token.app, name="token")


def main() -> NoReturn:
    """Run the command line and end the process with its exit code."""
    try:
        output.survive_any_locale()
        stop_by_raising()
        code = _run()
        stop_at_once()  # nothing is left to clean up
    except KeyboardInterrupt:  # between the lines above, or while `_run` printed another one
        stop_at_once()
        code = output.print_stopped()
    _leave(code)


def _leave(code: int) -> NoReturn:
    """End the process at once, without Python's own shutdown.

    That would take half a second for ten thousand classes, and a minute where Prefect's server no
    longer answers.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError):  # `reelworks list | head -1`: the reader has left
            stream.flush()
    os._exit(code)


def _run() -> int:
    try:
        code: Any = app(standalone_mode=False, prog_name="reelworks")
    except ReelworksError as error:
        output.print_error(error)
        return error.exit_code
    except TyperException as error:
        return _report_usage(error)
    except typer.Abort:
        return output.print_stopped()
    except Exception as error:  # noqa: BLE001  # no traceback on the user's terminal
        crash = write_crash_report(error)
        output.print_error(crash)
        return crash.exit_code
    if code == CancelledError.exit_code:  # Typer's code for Ctrl-C
        return output.print_stopped()
    return code if isinstance(code, int) else 0


def _report_usage(error: TyperException) -> int:
    message = error.format_message()
    if message:  # empty when Typer printed the help: there were no arguments
        context = getattr(error, "ctx", None)
        output.print_usage_error(message, context.command_path if context else "reelworks")
    return error.exit_code
