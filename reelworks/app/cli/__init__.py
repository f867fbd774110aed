"""The command line: commands, what they share, and its start. Use cases live in ``operations``."""

from __future__ import annotations

import gc

from infra.startup import begin

__all__ = ["main"]


def main() -> None:
    """Run the command ``reelworks``: prepare the process, and only then import what it needs."""
    begin()
    # Imports make some ten thousand objects that stay; collecting garbage among them takes a fifth
    # of a command's start, and no command needs that memory back so soon.
    gc.set_threshold(100_000, 50, 50)
    from reelworks.app.cli.main import main as run

    run()
