"""Stages: pure functions from values and local files to typed results.

They know no object store and no Prefect; caching and storing is the pipeline's.
"""
