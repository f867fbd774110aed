"""The command ``reelworks``: its subcommands, and how it ends."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path

import click
import typer

from reelworks.app.cli import doctor, index, library, output, search, services
from reelworks.errors import ReelworksError

EXIT_CODES = """\
Exit codes: 0 done; 1 fault of ours; 2 wrong usage; 3 bad input; 4 wrong settings; 5 a hosted
model's provider; 6 a service or disk; 7 some sources failed; 130 stopped.
"""

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


def main() -> None:
    """Run the command line and end the process with an exit code that means something."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        code = app(standalone_mode=False)
    except ReelworksError as error:
        output.print_error(error)
        code = error.exit_code
    except click.exceptions.Abort:
        code = output.say_stopped()
    except KeyboardInterrupt:
        code = output.say_stopped()
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except Exception:  # noqa: BLE001  # the edge of the program: no stack trace at the user
        code = _report_fault()
    sys.exit(code if isinstance(code, int) else 0)


def _stop(number: int, frame: object) -> None:
    """End like Ctrl-C does, so that services and children are put away."""
    del number, frame
    raise KeyboardInterrupt


def _report_fault() -> int:
    folder = Path(os.environ.get("DATA_DIR") or "~/.reelworks").expanduser() / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "fault.log"
    logging.basicConfig(filename=path, force=True)
    logging.getLogger("reelworks").exception("fault")
    output.print_fault(path)
    return 1
