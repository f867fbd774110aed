"""Output of the command line: Rich for people, JSON for programs."""

from __future__ import annotations

import dataclasses
import io
import json
import sys
from datetime import datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reelworks.domain.jobs.progress import StageProgress
from reelworks.domain.jobs.result import JobResult
from reelworks.domain.jobs.usage import BilledUsage
from reelworks.domain.printable import one_line, printable
from reelworks.errors import CancelledError, ReelworksError

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Part = str | tuple[str, str]
"""A piece of a line, or a piece and its style."""


class Terminal(Console):
    """A console that prints text literally.

    Titles, file names and recognized text are untrusted: brackets are no markup, ``:smile:`` is no
    emoji, and control characters do not reach the terminal.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return the printable text of a string."""
        return super().render_str(printable(text), **options)


out = Terminal()
err = Terminal(stderr=True)


def survive_any_locale() -> None:
    """Print ``?`` for characters that the terminal's encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def line(*parts: Part) -> Text:
    """Return one line of plain and styled pieces."""
    cleaned = (one_line(p) if isinstance(p, str) else (one_line(p[0]), p[1]) for p in parts)
    return Text.assemble(*cleaned)


def echo(*parts: Part) -> None:
    """Print one line; a narrow terminal wraps it, a pipe gets it in one piece."""
    out.print(line(*parts), soft_wrap=True)


def note(text: str) -> None:
    """Print a note on stderr: something to know although the command succeeded."""
    err.print(line(("Note: ", "yellow"), text), soft_wrap=True)


def print_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    sys.stdout.write(as_json(value))


def print_model(value: BaseModel) -> None:
    """Print what the API would answer."""
    print_json(value.model_dump(mode="json"))


def as_json(value: Any) -> str:
    """Return a value as JSON text that ends with a newline; dataclasses become objects.

    The text is ASCII: correct under any locale, also for a file name that is not UTF-8.
    """
    return json.dumps(value, default=_plain, indent=2) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, StageProgress | BilledUsage | JobResult):  # as the API shows them
        return value.to_json()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def wants_json() -> bool:
    """Tell whether ``--json`` was given; works also where the arguments cannot be parsed."""
    return "--json" in sys.argv


def error_json(error: ReelworksError) -> dict[str, Any]:
    """Return an error as the JSON object of every command's ``--json`` output."""
    return {"code": error.code, "message": str(error), "retryable": error.retryable}


def print_error(error: ReelworksError) -> None:
    """Print an error: a sentence on stderr, or with ``--json`` an object on stdout."""
    if wants_json():
        print_json({"error": error_json(error)})
    else:
        err.print(line(("Error: ", "bold red"), str(error)), soft_wrap=True)


def print_usage_error(message: str, command: str) -> None:
    """Print what is wrong with the arguments, and which command shows the help."""
    if wants_json():
        print_json({"error": {"code": "usage", "message": message, "retryable": False}})
    else:
        err.print(line(("Error: ", "bold red"), message), soft_wrap=True)
        err.print(line(f"Try: {command} --help"), soft_wrap=True)


def print_stopped() -> int:
    """Print that the user stopped the command, and return its exit code."""
    error = CancelledError(
        "Stopped. Finished stages are cached; run the same command again to continue."
    )
    if wants_json():
        print_json({"error": error_json(error)})
    else:
        err.print(str(error), soft_wrap=True)
    return error.exit_code


def table(*columns: str) -> Table:
    """Return an empty table; a column named ``#x`` is right-aligned.

    Nothing is cut off: text that is too wide is wrapped.
    """
    empty = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        right = column.startswith("#")
        empty.add_column(
            column.removeprefix("#"), justify="right" if right else "left", overflow="fold"
        )
    return empty


def clock(seconds: float) -> str:
    """Return a time in a video as ``h:mm:ss.s``, without leading zero hours."""
    whole, tenth = divmod(round(seconds * 10), 10)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    head = f"{hours}:{minute:02d}" if hours else f"{minute}"
    return f"{head}:{second:02d}.{tenth}"


def format_hours(seconds: float) -> str:
    """Return a length of video in hours, or in minutes below one hour."""
    return f"{seconds / 3600:.1f} hours" if seconds >= 3600 else f"{seconds / 60:.1f} minutes"


def format_duration(seconds: float) -> str:
    """Return a working time in the largest unit of which it has at least two."""
    for size, name in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {name}"
    return f"{seconds:.1f} s"


def format_dollars(amount: Decimal) -> str:
    """Return an amount of US dollars; amounts below one dollar have four decimals."""
    decimals = 2 if amount >= 1 or amount == 0 else 4
    return f"${amount:,.{decimals}f}"


def format_timestamp(moment: datetime) -> str:
    """Return a moment in the local time zone, to the minute."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def plural(number: int, noun: str) -> str:
    """Return ``1 job`` or ``2 jobs``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
