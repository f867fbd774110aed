"""The command line."""

from __future__ import annotations

import gc

# A command makes some ten thousand objects that stay while it imports; looking through them
# again and again is a fifth of its start. Nothing here needs memory back that soon.
gc.set_threshold(100_000, 50, 50)

from reelworks.app.cli.main import main  # noqa: E402 - after the collector is tuned

__all__ = ["main"]
