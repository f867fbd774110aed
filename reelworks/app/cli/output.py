"""What the command line prints: for people with Rich, for programs as JSON."""

from __future__ import annotations

import dataclasses
import json
import sys
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from reelworks.errors import CancelledError, ReelworksError

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def print_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    sys.stdout.write(as_json(value))


def as_json(value: Any) -> str:
    """Return a value of ours as JSON text with a line end."""
    return json.dumps(value, default=_plain, indent=2, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def error_json(error: ReelworksError) -> dict[str, Any]:
    """Return an error as the JSON object that every command uses."""
    return {"code": error.code, "message": str(error), "retryable": error.retryable}


def print_error(error: ReelworksError) -> None:
    """Print an error: a sentence for people, an object when ``--json`` was given."""
    if "--json" in sys.argv:
        print_json({"error": error_json(error)})
    else:
        err.print(f"[bold red]Error:[/] {_escape(str(error))}")


def print_fault(path: Path) -> None:
    """Tell of an error that nobody foresaw, and where its details lie."""
    print_error(
        ReelworksError(
            "Something went wrong that Reelworks did not foresee; "
            f"please report it with the file {path}."
        )
    )


def say_stopped() -> int:
    """Tell that the user stopped the command, and return its exit code."""
    err.print("Stopped. Finished stages are kept; run the same command again to go on.")
    return CancelledError.exit_code


def table(*columns: str) -> Table:
    """Return an empty table in the house's style; a column named ``#x`` is right-aligned."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        right = column.startswith("#")
        made.add_column(column.removeprefix("#"), justify="right" if right else "left")
    return made


def clock(seconds: float) -> str:
    """Return ``h:mm:ss.s`` without leading zero hours."""
    whole, tenth = divmod(round(seconds * 10), 10)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    head = f"{hours}:{minute:02d}" if hours else f"{minute}"
    return f"{head}:{second:02d}.{tenth}"


def _escape(text: str) -> str:
    return text.replace("[", "\\[")
