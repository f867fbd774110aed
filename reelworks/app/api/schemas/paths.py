"""Ids in the paths of routes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from reelworks.app.api.schemas.requests import JobId, VideoId

VideoPath = Annotated[VideoId, Path(description="The video's id.")]
JobPath = Annotated[JobId, Path(description="The job's id.")]
FramePath = Annotated[
    str, Path(pattern="^[a-z0-9][a-z0-9_-]{0,62}_frame_[0-9]{3,6}$", description="The frame's id.")
]
