"""The table of settings in the README, made from the settings class."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from pydantic.fields import FieldInfo

from reelworks.settings import Settings

BEGIN = "<!-- settings: made by `make settings-table` -->"
END = "<!-- end of settings -->"


def settings_table() -> str:
    """Return the table as Markdown: variable, default, meaning."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        rows.append(f"| `{name.upper()}` | {_default(field)} | {field.description} |")
    return "\n".join(rows)


def with_table(text: str) -> str:
    """Return the README's text with the table between its two marks made anew."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{settings_table()}\n{END}{tail}"


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if value is None:
        return "–"
    shown = value.value if isinstance(value, Enum) else value
    kinds = [kind for kind in get_args(field.annotation) if kind is not NoneType]
    choices = [str(kind) for kind in kinds if isinstance(kind, str)]
    others = "".join(f", `{choice}`" for choice in choices if choice != shown)
    return f"`{shown}`" + (f" (or{others[1:]})" if others else "")


def main(arguments: list[str]) -> int:
    """Write or check the table: ``--write FILE`` or ``--check FILE``."""
    mode, name = arguments
    path = Path(name)
    text = path.read_text(encoding="utf-8")
    wanted = with_table(text)
    if mode == "--write":
        path.write_text(wanted, encoding="utf-8")
        return 0
    if text != wanted:
        sys.stderr.write(f"{name}: the settings table is out of date; run make settings-table\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
