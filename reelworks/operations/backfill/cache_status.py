"""Cache status of a video: which of its stages are cached. Nothing is computed or loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reelworks.pipeline.planned_calls import (
    ConfiguredModels,
    Results,
    Upstream,
    VideoSource,
    planned_call,
)
from reelworks.pipeline.spec import STAGES, Stage
from reelworks.pipeline.stage_cache import StageResult, peek
from reelworks.store.objects.artifacts import ArtifactStore


@dataclass(frozen=True, slots=True)
class CacheStatus:
    """What the cache holds of a video."""

    stages: frozenset[str] = frozenset()
    """Stages whose results are cached."""
    items: Mapping[str, int] | None = None
    """Amounts that the cached results hand to later stages: ``frames``, ``segments``, and
    ``sound``, which is 0 for a video without any."""


def cache_status(
    source: VideoSource, models: ConfiguredModels, store: ArtifactStore
) -> CacheStatus:
    """Look up every stage whose inputs are cached, in the order of the table.

    A stage whose key depends on a result that is not cached counts as not cached. Raises store
    errors.
    """
    results: dict[Stage, StageResult[Any]] = {}
    for spec in STAGES:
        if results.keys() >= set(spec.needs):
            cached = peek(planned_call(spec.name, Upstream(source, models, results)), store)
            if cached is not None:
                results[spec.name] = cached
    return CacheStatus(frozenset(results), item_counts(results))


def item_counts(results: Results) -> dict[str, int]:
    """Return how many items cached results hand to later stages, by kind, as far as known."""
    counts = {}
    if Stage.TRANSCRIBE in results:
        counts["segments"] = len(results[Stage.TRANSCRIBE].result.segments)
    elif Stage.EXTRACT_AUDIO in results and results[Stage.EXTRACT_AUDIO].result is None:
        counts["sound"] = 0
    if Stage.FRAMES in results:
        frames = results[Stage.FRAMES].result
        counts["frames"] = sum(frame.duplicate_of is None for frame in frames)
    return counts
