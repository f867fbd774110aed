"""Ids in the paths of routes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from reelworks.operations.parameters import FrameId, JobId, VideoId

VideoPath = Annotated[VideoId, Path(description="The video's id.")]
JobPath = Annotated[JobId, Path(description="The job's id.")]
FramePath = Annotated[FrameId, Path(description="The frame's id.")]
