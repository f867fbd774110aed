"""The order of test modules: the longest come first, so that all workers end together."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

LONGEST = (
    "flows/test_index_damaged.py",  # minutes, all of them slow tests
    "reelworks/store/objects/test_damaged_objects.py",
    "reelworks/models/speech/test_whisper.py",
    "flows/test_index_faults.py",
    "flows/test_index.py",
    "infra/services/supervision/test_supervisor.py",
    "reelworks/stages/source/test_normalize.py",
    "reelworks/app/api/test_frozen.py",
    "reelworks/stages/speech/test_transcribe.py",
    "flows/test_index_hosted.py",
    "infra/services/s3/test_seaweed.py",
    "reelworks/pipeline/test_stage_cache.py",
    "flows/test_index_oddities.py",
    "reelworks/stages/frames/test_scenes.py",
    "reelworks/stages/frames/test_frames.py",
    "reelworks/app/cli/commands/test_library.py",
    "flows/test_index_stopped.py",
    "flows/test_index_sources.py",
    "flows/test_index_library.py",
    "infra/services/postgres/test_server.py",
    "reelworks/store/objects/test_damage_notes.py",
    "infra/test_startup.py",
    "infra/services/supervision/test_watchdog.py",
    "reelworks/app/dispatcher/test_stopped.py",
    "infra/services/supervision/test_state.py",
    "reelworks/app/cli/test_few_files.py",
    "reelworks/app/dispatcher/test_webhooks.py",
    "tasks/runtime/test_stage_runner.py",
    "infra/services/test_checks.py",
    "reelworks/models/runtime/test_fetch.py",
    "reelworks/store/objects/test_slow_bodies.py",
    "reelworks/app/web/routes/test_docs.py",
)
"""Modules under ``tests/`` that take more than some eight seconds, by `make test`'s durations."""


def longest_first(items: Iterable[pytest.Item], tests: Path) -> list[pytest.Item]:
    """Return the tests with those of the longest modules first; the others stay as they were."""
    rank = {tests / name: number for number, name in enumerate(LONGEST)}
    return sorted(items, key=lambda item: rank.get(item.path, len(LONGEST)))
