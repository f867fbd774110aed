"""The stages of indexing, in the order in which they can run."""

from __future__ import annotations

from typing import Literal, get_args

Stage = Literal[
    "ingest",
    "extract_audio",
    "normalize",
    "transcribe",
    "scenes",
    "frames",
    "vision",
    "embed_speech",
    "embed_picture",
]
STAGES: tuple[Stage, ...] = get_args(Stage)
