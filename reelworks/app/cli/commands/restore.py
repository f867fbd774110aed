"""``reelworks restore``: rebuild the library's database from its bucket."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from reelworks.app.cli import output
from reelworks.app.cli.stack import use_stack
from reelworks.settings import load_settings

if TYPE_CHECKING:
    from reelworks.operations.restore import Restored


def restore(json: output.Json = False) -> None:
    """Restore all videos from the bucket after the database was lost, without any model calls."""
    from reelworks.operations.restore import restore_library
    from reelworks.pipeline.run_context import open_run_context

    with use_stack(load_settings()) as settings, open_run_context(settings) as ctx:
        done = restore_library(ctx.engine, ctx.store)
    if json:
        output.print_json(asdict(done))
    else:
        _print(done)


def _print(done: Restored) -> None:
    output.echo(f"Videos restored: {len(done.videos)}; already in the library: {done.known}.")
    if done.jobs:
        output.echo(f"Jobs queued to index them from the cache: {len(done.jobs)}.")
    for video_id in done.without_document:
        output.note(
            f"{video_id} has no document in the bucket: its title, library and language are lost."
        )
    for video_id in done.without_source:
        output.note(f"The source of {video_id} is not in the bucket; index it again to fetch it.")
    if done.jobs:
        output.echo("Watch them: reelworks jobs list")
