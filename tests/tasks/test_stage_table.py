"""Every row of the table of stages has its task, with the row's name, limit and routing."""

from __future__ import annotations

import pytest

from reelworks.domain.artifact_keys import (
    AUDIO,
    NORMALIZED,
    SUBTITLES,
    audio_key,
    frame_key,
    frame_name,
    normalized_key,
    subtitles_key,
    upload_key,
)
from reelworks.pipeline.spec import STAGES, Stage, StageSpec, spec_of
from tasks.runtime.serialization import name_of, task_named


@pytest.mark.parametrize("spec", STAGES, ids=lambda spec: spec.name.value)
def test_a_row_s_task_is_there_and_reads_the_row(spec: StageSpec):
    task = task_named(spec.task)

    assert name_of(task) == spec.task
    assert task.name == spec.name.value
    assert task.timeout_seconds == spec.timeout_minutes * 60
    assert f"runs-on:{spec.runs_on}" in task.tags


@pytest.mark.parametrize(
    ("stage", "name", "key"),
    [
        (Stage.INGEST, "a.mp4", upload_key("talk", "a.mp4")),
        (Stage.NORMALIZE, NORMALIZED, normalized_key("talk")),
        (Stage.EXTRACT_AUDIO, AUDIO, audio_key("talk")),
        (Stage.TRANSCRIBE, SUBTITLES[0], subtitles_key("talk", ".srt")),
        (Stage.TRANSCRIBE, SUBTITLES[1], subtitles_key("talk", ".vtt")),
        (Stage.FRAMES, frame_name(3), frame_key("talk", frame_name(3))),
    ],
)
def test_a_row_s_files_lie_where_their_readers_look(stage: Stage, name: str, key: str):
    assert spec_of(stage).artifact_key("talk", name) == key
