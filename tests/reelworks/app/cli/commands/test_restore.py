"""``reelworks restore``: what it says of what it found."""

from __future__ import annotations

import pytest

from reelworks.app.cli.commands.restore import _print
from reelworks.operations.restore import Restored


def test_what_is_lost_is_named_and_where_to_watch_the_rest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _print(Restored(("a", "b"), ("job-1",), 3, ("b",), ("a",)))

    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "Videos restored: 2; already in the library: 3.",
        "Jobs queued to index them from the cache: 1.",
        "Watch them: reelworks jobs list",
    ]
    noted = " ".join(said.err.split())
    assert "a has no document in the bucket" in noted
    assert "The source of b is not in the bucket" in noted


def test_where_all_is_there_nothing_is_queued(capsys: pytest.CaptureFixture[str]) -> None:
    _print(Restored((), (), 3, (), ()))

    said = capsys.readouterr()
    assert said.out == "Videos restored: 0; already in the library: 3.\n"
    assert said.err == ""
