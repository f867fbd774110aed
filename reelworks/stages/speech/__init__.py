"""Stages on speech: transcription in chunks, and segmentation."""
