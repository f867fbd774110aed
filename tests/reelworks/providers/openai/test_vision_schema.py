"""The schema of a description: what a model may answer, and what is made of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from reelworks.domain.video.vision import ControlKind
from reelworks.providers.openai.vision_schema import TOLERANCE, SeenBox, SeenFrame, json_schema

fractions = st.floats(-0.5, 1.5, allow_nan=False)


@given(fractions, fractions, fractions, fractions)
def test_a_box_is_inside_the_frame_or_refused(x: float, y: float, w: float, h: float) -> None:
    try:
        box = SeenBox(x=x, y=y, w=w, h=h).to_domain()
    except ValidationError:
        return
    assert 0 <= box.x <= 1 and 0 <= box.y <= 1
    assert box.w > 0 and box.h > 0
    assert box.x + box.w <= 1 + 1e-9 and box.y + box.h <= 1 + 1e-9
    assert abs(box.x - x) <= TOLERANCE and abs(box.y - y) <= TOLERANCE


@pytest.mark.parametrize(
    "box",
    [
        {"x": 0.0, "y": 0.0, "w": 0.0, "h": 0.5},
        {"x": 1.0, "y": 0.0, "w": 0.005, "h": 0.5},
        {"x": 0.5, "y": 0.5, "w": 0.6, "h": 0.1},
        {"x": float("nan"), "y": 0.0, "w": 0.1, "h": 0.1},
        {"x": 10, "y": 10, "w": 100, "h": 20},
    ],
)
def test_boxes_that_are_refused(box: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        SeenBox.model_validate(box)


def answer(**more: Any) -> str:
    frame = {"caption": "A page.", "objects": [], "controls": [], "text": []}
    return json.dumps(frame | more)


def test_repeated_and_empty_entries_are_left_out() -> None:
    box = {"x": 0.1, "y": 0.1, "w": 0.2, "h": 0.1}
    description = SeenFrame.model_validate_json(
        answer(
            objects=["page", " page ", "", "pen"],
            controls=[{"kind": "button", "label": " Save ", "box": box}],
            text=[{"text": "Save", "box": box}, {"text": "  ", "box": box}],
        )
    ).to_domain()
    assert description.objects == ("page", "pen")
    assert [(c.kind, c.label) for c in description.controls] == [(ControlKind.BUTTON, "Save")]
    assert [line.text for line in description.text] == ["Save"]


@pytest.mark.parametrize(
    "more", [{"caption": "  "}, {"caption": None}, {"extra": 1}, {"objects": "pen"}]
)
def test_answers_that_are_refused(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SeenFrame.model_validate_json(answer(**more))


def test_the_sent_schema_has_no_references_and_requires_everything() -> None:
    schema = json_schema(SeenFrame)
    assert "$ref" not in json.dumps(schema)

    def check(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("type") == "object":
                assert node["additionalProperties"] is False
                assert set(node["required"]) == set(node["properties"])
            for part in node.values():
                check(part)
        elif isinstance(node, list):
            for part in node:
                check(part)

    check(schema)
