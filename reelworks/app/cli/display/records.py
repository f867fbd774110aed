"""Records with ids: a table where it fits, else lines; an id is never broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from reelworks.app.cli import output

LEAST_TEXT = 20
"""Columns that the last cell of a table, free text, must get."""
_GAP = 2
Cell = str | Text


def print_records(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """Print rows of cells; the last one is free text, which alone may be folded.

    Where a terminal or ``COLUMNS`` is too narrow for a table, a row flows over several lines, and
    breaks between cells only. ``#x`` is a right-aligned column.
    """
    cells = [[_text(cell) for cell in row] for row in rows]
    if _fits(columns, cells, output.out.width):
        _print_table(output.out, columns, cells)
        return
    for row in cells:
        for line in flow(row, output.out.width):
            output.out.print(line, soft_wrap=True)


def flow(cells: Sequence[Text], width: int) -> Iterator[Text]:
    """Yield the cells of a row in lines of at most ``width``, all but the first one indented.

    A cell that is longer than a line has one to itself.
    """
    line, indent = Text(), Text(" " * 2 * _GAP)
    for cell in cells:
        if not cell.plain:
            continue
        if line.plain and line.cell_len + _GAP + cell.cell_len > width:
            yield line
            line = indent + cell
        else:
            line = line + Text(" " * _GAP) + cell if line.plain else cell
    yield line


def _fits(columns: Sequence[str], rows: Sequence[Sequence[Text]], width: int) -> bool:
    widths = [
        max(cell_len(name.removeprefix("#")), *(row[at].cell_len for row in rows))
        for at, name in enumerate(columns)
    ]
    words = (cell_len(word) for row in rows for word in row[-1].plain.split())
    text = min(widths[-1], max(LEAST_TEXT, *words, 0))  # a word may be an id
    return sum(widths[:-1]) + text + _GAP * (len(widths) - 1) <= width


def _print_table(console: Console, columns: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
    table = output.table(*columns)
    table.padding = (0, _GAP, 0, 0)
    for column in table.columns[:-1]:
        column.no_wrap = True
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _text(cell: Cell) -> Text:
    return output.line(cell) if isinstance(cell, str) else cell
