"""Cut lists of search results, as EDL and JSON files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reelworks.app.cli import output
from reelworks.domain.library.cuts import cuts_of
from reelworks.domain.library.search import Moment
from reelworks.errors import PermissionDeniedError
from reelworks.media.formats.edl import to_edl


def write_cut_lists(
    moments: Sequence[Moment],
    title: str,
    handles: float,
    *,
    edl: Path | None,
    as_json: Path | None,
) -> None:
    """Write moments as an EDL and as JSON, to the files that are given.

    Raises ``InputError`` for what an EDL cannot hold, ``PermissionDeniedError`` for a file that
    cannot be written.
    """
    cuts = cuts_of(moments, handles=handles)
    if edl is not None:
        _write(edl, to_edl(cuts, title))
    if as_json is not None:
        _write(as_json, output.as_json({"title": title, "cuts": cuts}))


def _write(path: Path, content: str) -> None:
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise PermissionDeniedError(f"{path} cannot be written: {error.strerror}.") from None
