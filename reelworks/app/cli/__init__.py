"""The command line."""

from __future__ import annotations

from reelworks.app.cli.main import main

__all__ = ["main"]
