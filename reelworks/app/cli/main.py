"""The command ``reelworks``: its subcommands and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import typer
from typer.exceptions import TyperException

from infra.startup import stop_at_once, stop_by_raising
from reelworks.app.cli import output
from reelworks.app.cli.crash_report import write_crash_report
from reelworks.app.cli.exit_codes import EXIT_CODES
from reelworks.errors import CancelledError, ReelworksError

COMMANDS = {
    "index": "index.index",
    "search": "search.search",
    "show": "library.show",
    "list": "library.list_",
    "export": "library.export",
    "up": "services.up",
    "down": "services.down",
    "status": "services.status",
    "doctor": "doctor.doctor",
    "deploy": "deploy.deploy",
    "jobs": "jobs.app",
    "backfill": "backfill.app",
    "sync": "sync.sync",
    "restore": "restore.restore",
    "embeddings": "embeddings.app",
    "token": "token.app",
}
"""Where each command is in ``reelworks.app.cli.commands``: a function, or an app of several."""


def make_app(arguments: Sequence[str] = ()) -> typer.Typer:
    """Return the command line for ``arguments``: the command that they begin with, or else all.

    All commands together import twice as much as one of them.
    """
    app = typer.Typer(
        name="reelworks",
        help="Video in, searchable content out.",
        epilog=EXIT_CODES,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback()(_no_options)  # Typer takes a lone command for the whole command line otherwise
    first = arguments[0] if arguments else ""
    for name in [first] if first in COMMANDS else COMMANDS:
        module, _, attribute = COMMANDS[name].partition(".")
        found = getattr(import_module(f"reelworks.app.cli.commands.{module}"), attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def _no_options() -> None:
    """Take no options before a command."""


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
        app = make_app(sys.argv[1:])
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
