"""The command line."""

from __future__ import annotations

import gc

from infra.startup import begin

__all__ = ["main"]


def main() -> None:
    """Run the command ``reelworks``: prepare the process, and only then import what it needs."""
    begin()
    # A command makes some ten thousand objects that stay while it imports; looking through them
    # again and again is a fifth of its start. Nothing here needs memory back that soon.
    gc.set_threshold(100_000, 50, 50)
    from reelworks.app.cli.main import main as run

    run()
