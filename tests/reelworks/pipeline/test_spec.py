"""The table of stages: its order, its closure, and that flows and tasks agree with it."""

from __future__ import annotations

from importlib import import_module

import pytest
from prefect import Task

import flows.index
from reelworks.app.web import wording
from reelworks.domain import artifact_keys
from reelworks.domain.digest import ModelRef
from reelworks.pipeline.spec import STAGES, Stage, StageSpec, dependants_of, in_order, spec_of
from tests.support.flow_graph import closure, graph_of, table_graph


def test_every_stage_comes_after_those_that_it_needs() -> None:
    seen: set[Stage] = set()
    for spec in STAGES:
        assert seen >= set(spec.needs), spec.name
        seen.add(spec.name)


def test_the_table_has_one_row_for_each_name_in_the_same_order() -> None:
    assert [spec.name for spec in STAGES] == list(Stage)
    assert all(spec_of(spec.name.value) is spec for spec in STAGES)


def test_every_row_says_what_people_and_plans_need() -> None:
    for spec in STAGES:
        assert spec.label.strip() == spec.label != ""
        assert spec.version >= 1
        assert spec.seconds_per_hour > 0
        assert spec.timeout_minutes > 0
        assert spec.runs_on == "cpu" or spec.capability is not None, "a GPU is for a model"
        assert spec.hosted_items is None or spec.capability is not None
    assert len({spec.label for spec in STAGES}) == len(STAGES)
    assert wording.STAGES == {spec.name.value: spec.label for spec in STAGES}


@pytest.mark.parametrize("spec", STAGES, ids=lambda spec: spec.name.value)
def test_the_task_of_a_stage_has_its_name_limit_and_routing_tag(spec) -> None:
    module, _, name = spec.task.rpartition(".")
    task = getattr(import_module(module), name)

    assert isinstance(task, Task)
    assert task.name == spec.name.value
    assert task.timeout_seconds == spec.timeout_minutes * 60
    assert f"runs-on:{spec.runs_on}" in task.tags


def test_the_flow_runs_the_stages_of_the_table_on_what_they_need() -> None:
    """The table's graph is that of the flow's source, with ids and the like through ``ingest``."""
    table, graph = table_graph(), closure(graph_of(flows.index))

    assert graph == closure(table)


def test_dependants_are_found_through_others_and_in_order() -> None:
    assert dependants_of([]) == ()
    assert dependants_of(["transcribe"]) == (Stage.EMBED_SPEECH,)
    assert dependants_of([Stage.SCENES, "frames"]) == (Stage.VISION, Stage.EMBED_PICTURE)
    assert dependants_of(["ingest"]) == tuple(Stage)[1:]
    assert dependants_of(["embed_picture"]) == ()


def test_an_unknown_stage_is_an_error() -> None:
    with pytest.raises(ValueError, match="dance"):
        spec_of("dance")
    with pytest.raises(ValueError, match="dance"):
        dependants_of(["vision", "dance"])


def test_files_have_the_store_keys_that_libraries_have_on_disk() -> None:
    model = ModelRef("local", "m", "1")
    keys = {
        (Stage.EXTRACT_AUDIO, "audio.wav"): "processed/v/audio.wav",
        (Stage.NORMALIZE, "normalized.mp4"): "processed/v/normalized.mp4",
        (Stage.TRANSCRIBE, "captions.srt"): "subs/v.srt",
        (Stage.FRAMES, "scene_001.jpg"): "frames/v/scene_001.jpg",
        (Stage.EMBED_SPEECH, "vectors.npy"): "embeddings/v/embed_speech-vectors-ed6913bb.npy",
        (Stage.EMBED_PICTURE, "vectors.npy"): "embeddings/v/embed_picture-vectors-ed6913bb.npy",
    }
    for (stage, name), key in keys.items():
        assert spec_of(stage).artifact_key("v", name, model) == key


@pytest.mark.parametrize("one", [one for one in STAGES if one.files], ids=lambda one: one.name)
def test_the_files_of_a_stage_go_with_their_video(one: StageSpec) -> None:
    """Removal deletes these folders and, by their own rules, uploads and subtitles."""
    key = one.artifact_key("talk", "name.ext", ModelRef("local", "any"))
    folders = tuple(f"{folder}talk/" for folder in artifact_keys.VIDEO_FOLDERS)
    assert key.startswith((*folders, artifact_keys.upload_prefix("talk"), "subs/talk."))


def test_stages_are_put_in_the_order_of_the_table_and_others_follow() -> None:
    mixed = {"vision": 1, "render": 2, "scenes": 3, "ingest": 4, "animate": 5}
    assert list(in_order(mixed)) == ["ingest", "scenes", "vision", "animate", "render"]
