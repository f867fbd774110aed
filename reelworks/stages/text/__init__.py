"""Stages on text: embeddings."""
