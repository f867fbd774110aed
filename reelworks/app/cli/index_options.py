"""Options of ``reelworks index``."""

from __future__ import annotations

from typing import Annotated

import typer

from reelworks.app.cli.arguments import check_language, check_library, check_video_id
from reelworks.domain.ids import AUDIO_TRACK_MAX

Sources = Annotated[
    list[str], typer.Argument(help="Files, folders, http(s) URLs or s3://bucket/key.")
]
VideoId = Annotated[
    str | None,
    typer.Option("--id", help="Id of the video in the library.", callback=check_video_id),
]
Language = Annotated[
    str | None,
    typer.Option(
        help="Spoken language, for example en. Default: detected.", callback=check_language
    ),
]
Library = Annotated[
    str | None,
    typer.Option(
        help="Library of the videos. Default: the one they are in, or `default`.",
        callback=check_library,
    ),
]
Track = Annotated[
    int | None,
    typer.Option(
        "--audio-track",
        min=1,
        max=AUDIO_TRACK_MAX,
        help="Number of the audio track to transcribe, from 1. Default: as stated before, or "
        "the default track unless another has more speech.",
    ),
]
Detach = Annotated[
    bool, typer.Option("--detach", help="Queue jobs for the running services and return.")
]
TargetPool = Annotated[
    str | None,
    typer.Option("--pool", help="Queue jobs for the workers of this pool and return."),
]
