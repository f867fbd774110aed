"""Parameters of runs that were queued before an upgrade, by their former names."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from flows.backfill import BackfillParams
from flows.index import IndexParams
from flows.stage import StageParams
from tasks.runtime.remote.serialization import task_named

STAGE = {"stage": "tasks.text.embed.embed_speech"}


@pytest.mark.parametrize(
    ("form", "given"), [(IndexParams, {"source": "a.mp4"}), (BackfillParams, {})]
)
def test_stages_to_recompute_are_accepted_by_both_names(form, given):
    present = form.model_validate(given | {"recompute": ["vision"]})

    assert present.recompute == ["vision"]
    assert form.model_validate(given | {"again": ["vision"]}) == present
    assert form(**given, again=["vision"]) == present
    assert form.model_validate(given).recompute == []


def test_the_present_name_goes_before_the_former_one():
    given = {"source": "a.mp4", "again": ["scenes"], "recompute": ["vision"]}

    assert IndexParams.model_validate(given).recompute == ["vision"]
    assert IndexParams.model_validate(dict(reversed(given.items()))).recompute == ["vision"]


def test_a_remote_stage_of_an_older_caller_is_understood():
    former = {"stage": "tasks.embed.embed_speech", "question": "ab" * 32, "again": True}

    older = StageParams.model_validate(former)

    assert (older.call_key, older.recompute) == ("ab" * 32, True)
    assert task_named(older.stage) is task_named(STAGE["stage"])


@pytest.mark.parametrize("name", ["again", "recompute"])
def test_a_stage_that_does_not_exist_is_refused_by_both_names(name):
    with pytest.raises(ValidationError):
        IndexParams.model_validate({"source": "a.mp4", name: ["rm"]})


def test_forms_show_present_names_only():
    for form in (IndexParams, BackfillParams, StageParams):
        fields = set(form.model_json_schema()["properties"])
        assert "recompute" in fields
        assert fields.isdisjoint({"again", "question", "former_names"})
