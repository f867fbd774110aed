"""The table of settings in the README, made from the settings class."""

from __future__ import annotations

import argparse
import sys
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from pydantic.fields import FieldInfo

from reelworks.settings import field_of, variables

BEGIN = "<!-- settings: made by `make settings-table` -->"
END = "<!-- end of settings -->"
UNSET = "–"  # noqa: RUF001  # an en dash, as in the other tables


def settings_table() -> str:
    """Return the table as Markdown: variable, default, meaning."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name in variables():
        field = field_of(name)
        rows.append(f"| `{name.upper()}` | {_default(field)} | {field.description} |")
    return "\n".join(rows)


def with_table(text: str) -> str:
    """Return the README's text with the table between its two marks replaced.

    Raises ``ValueError`` when the text lacks the marks.
    """
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the marks {BEGIN} and {END} are missing")
    return f"{head}{BEGIN}\n{settings_table()}\n{END}{tail}"


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if value in (None, ""):
        return UNSET
    if isinstance(value, Enum):
        shown, choices = value.value, [one.value for one in type(value)]
    else:
        kinds = [kind for kind in get_args(field.annotation) if kind is not NoneType]
        shown, choices = value, [kind for kind in kinds if isinstance(kind, str)]
    others = ", ".join(f"`{choice}`" for choice in choices if choice != shown)
    return f"`{shown}` (or {others})" if others else f"`{shown}`"


def main(arguments: list[str]) -> int:
    """Write or check the table: ``--write FILE`` or ``--check FILE``. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", type=Path, metavar="FILE", help="put the table into FILE")
    mode.add_argument("--check", type=Path, metavar="FILE", help="fail when FILE is out of date")
    chosen = parser.parse_args(arguments)
    path: Path = chosen.write or chosen.check
    text = path.read_text(encoding="utf-8")
    try:
        wanted = with_table(text)
    except ValueError as error:
        sys.stderr.write(f"{path}: {error}\n")
        return 1
    if chosen.write:
        path.write_text(wanted, encoding="utf-8")
    elif text != wanted:
        sys.stderr.write(f"{path}: the settings table is out of date; run make settings-table\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
