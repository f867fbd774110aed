"""Stages on video frames: scenes, representative frames and their descriptions."""
