"""Stages on the source: ingest, limits, normalization and audio extraction."""
