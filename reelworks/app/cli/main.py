"""The command ``reelworks``: its subcommands, and how it ends."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from datetime import datetime
from pathlib import Path
from typing import Any

import typer
from typer.exceptions import TyperException

from reelworks.app.cli import deploy, doctor, index, library, output, search, services
from reelworks.errors import CancelledError, ReelworksError

EXIT_CODES = (
    "Exit codes: 0 done; 1 fault of ours; 2 wrong usage; 3 bad input; 4 wrong settings; "
    "5 a hosted model's provider; 6 a service or disk; 7 some sources failed; 130 stopped."
)

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


def main() -> None:
    """Run the command line and end the process with an exit code that means something."""
    output.survive_any_locale()
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(_run())


def _stop(number: int, frame: object) -> None:
    """End on SIGTERM as on Ctrl-C, so that services and children are put away."""
    del number, frame
    raise KeyboardInterrupt


def _run() -> int:
    try:
        code: Any = app(standalone_mode=False, prog_name="reelworks")
    except ReelworksError as error:
        output.print_error(error)
        return error.exit_code
    except TyperException as error:
        return _report_usage(error)
    except (KeyboardInterrupt, typer.Abort):
        return output.say_stopped()
    except Exception:  # noqa: BLE001  # the edge of the program: no stack trace at the user
        return _report_fault()
    if code == CancelledError.exit_code:  # what Typer makes of Ctrl-C
        return output.say_stopped()
    return code if isinstance(code, int) else 0


def _report_usage(error: TyperException) -> int:
    message = error.format_message()
    if message:  # empty when Typer printed the help, for want of any argument
        context = getattr(error, "ctx", None)
        output.print_usage_error(message, context.command_path if context else "reelworks")
    return error.exit_code


def _report_fault() -> int:
    text = f"{datetime.now().astimezone().isoformat()}\n{traceback.format_exc()}\n"
    path = Path(os.environ.get("DATA_DIR") or "~/.reelworks") / "logs" / "fault.log"
    try:
        path = path.expanduser()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except (OSError, RuntimeError):  # the folder cannot be written, or is in nobody's home
        output.print_fault(f"this line: {text.rstrip().splitlines()[-1]}")
    else:
        output.print_fault(f"the file {path}")
    return ReelworksError.exit_code
