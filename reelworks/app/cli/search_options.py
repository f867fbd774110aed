"""Options of ``reelworks search``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from reelworks.domain.library.search import Kind

Query = Annotated[str | None, typer.Argument(help='Words, "a phrase", prefix*, or, -excluded.')]
Within = Annotated[
    list[Kind] | None,
    typer.Option("--in", help="What to search; may be repeated.", show_default="all"),
]
Videos = Annotated[list[str] | None, typer.Option(help="Search only these videos.")]
Libraries = Annotated[list[str] | None, typer.Option(help="Search only these libraries.")]
Languages = Annotated[list[str] | None, typer.Option(help="Spoken language, for example en.")]
Speakers = Annotated[list[str] | None, typer.Option(help="Speech of these speakers.")]
Since = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Added on this day or later, UTC.")
]
Until = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Added before this day, UTC.")
]
Longer = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Minimum length of the video.")
]
Shorter = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Maximum length of the video.")
]
TextOnScreen = Annotated[
    bool | None,
    typer.Option(
        "--with-text/--without-text", help="Only moments with (or without) text on screen."
    ),
]
Like = Annotated[
    str | None, typer.Option(metavar="FRAME_ID", help="Find frames that look like this one.")
]
Cursor = Annotated[str | None, typer.Option(help="Show the next page of an earlier search.")]
Limit = Annotated[int, typer.Option(min=1, max=200, help="Maximum number of moments.")]
EdlFile = Annotated[
    Path | None, typer.Option(help="File to write the moments to as an EDL (CMX 3600).")
]
CutsFile = Annotated[Path | None, typer.Option(help="File to write the moments to as JSON cuts.")]
Handles = Annotated[
    float,
    typer.Option(min=0, metavar="SECONDS", help="Seconds to add on both sides of each cut."),
]
