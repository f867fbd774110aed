"""What the command line prints: for people with Rich, for programs as JSON."""

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
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reelworks.domain.jobs.progress import StageProgress
from reelworks.domain.jobs.usage import BilledUsage
from reelworks.domain.printable import one_line, printable
from reelworks.errors import CancelledError, ReelworksError

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Part = str | tuple[str, str]
"""A piece of a line, or a piece and its style."""


class Terminal(Console):
    """A console that shows text as it is.

    Titles, file names and what was read from a screen come from others: brackets in them are no
    markup, ``:smile:`` is no picture, and control characters do not reach the terminal.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Turn a string into what is drawn."""
        return super().render_str(printable(text), **options)


out = Terminal()
err = Terminal(stderr=True)


def survive_any_locale() -> None:
    """Print ``?`` for what the terminal's encoding lacks, in place of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def line(*parts: Part) -> Text:
    """Return one line made of plain and styled pieces."""
    cleaned = (one_line(p) if isinstance(p, str) else (one_line(p[0]), p[1]) for p in parts)
    return Text.assemble(*cleaned)


def echo(*parts: Part) -> None:
    """Print one line; a narrow terminal wraps it, a program that reads it gets it whole."""
    out.print(line(*parts), soft_wrap=True)


def note(text: str) -> None:
    """Print on stderr what the user should know although all went well."""
    err.print(line(("Note: ", "yellow"), text), soft_wrap=True)


def print_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    sys.stdout.write(as_json(value))


def as_json(value: Any) -> str:
    """Return a value of ours as JSON text with a line end.

    It is pure ASCII: right under any locale, and a file name that is not UTF-8 survives.
    """
    return json.dumps(value, default=_plain, indent=2) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, StageProgress | BilledUsage):  # as the API shows them
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
    """Tell whether ``--json`` was given; asked where the arguments themselves may be wrong."""
    return "--json" in sys.argv


def error_json(error: ReelworksError) -> dict[str, Any]:
    """Return an error as the JSON object that every command uses."""
    return {"code": error.code, "message": str(error), "retryable": error.retryable}


def print_error(error: ReelworksError) -> None:
    """Print an error: a sentence for people, an object when ``--json`` was given."""
    if wants_json():
        print_json({"error": error_json(error)})
    else:
        err.print(line(("Error: ", "bold red"), str(error)), soft_wrap=True)


def print_usage_error(message: str, command: str) -> None:
    """Tell what is wrong with the arguments, and where the right ones are described."""
    if wants_json():
        print_json({"error": {"code": "usage", "message": message, "retryable": False}})
    else:
        err.print(line(("Error: ", "bold red"), message), soft_wrap=True)
        err.print(line(f"Try: {command} --help"), soft_wrap=True)


def say_stopped() -> int:
    """Tell that the user stopped the command, and return its exit code."""
    error = CancelledError(
        "Stopped. Finished stages are kept; run the same command again to go on."
    )
    if wants_json():
        print_json({"error": error_json(error)})
    else:
        err.print(str(error), soft_wrap=True)
    return error.exit_code


def table(*columns: str) -> Table:
    """Return an empty table in the house's style; a column named ``#x`` is right-aligned.

    Nothing is cut off: what is too wide goes on in the next line.
    """
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        right = column.startswith("#")
        made.add_column(
            column.removeprefix("#"), justify="right" if right else "left", overflow="fold"
        )
    return made


def clock(seconds: float) -> str:
    """Return ``h:mm:ss.s`` without leading zero hours."""
    whole, tenth = divmod(round(seconds * 10), 10)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    head = f"{hours}:{minute:02d}" if hours else f"{minute}"
    return f"{head}:{second:02d}.{tenth}"
