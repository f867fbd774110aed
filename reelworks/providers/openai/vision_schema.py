"""Schema of a frame's description: sent to the model, and used to validate the answer.

Structured output takes a subset of JSON Schema: every property required, no extra ones, and no
number ranges that all servers know. So the schema states the shape; validators state the rest.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, model_validator

from reelworks.domain.video.vision import Box, Control, ControlKind, FrameDescription, ScreenText

TOLERANCE = 0.01
"""How far past the frame's edge a box may reach, as a fraction, and still count as rounding."""

_UNSENT = frozenset({"title", "description", "$defs"})


def _inside(value: float) -> float:
    if not -TOLERANCE <= value <= 1 + TOLERANCE:
        raise ValueError("must be a fraction of the frame from 0 to 1")
    return min(max(value, 0.0), 1.0)


def _said(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return text


Fraction = Annotated[float, AfterValidator(_inside)]
Text = Annotated[str, StringConstraints(strip_whitespace=True)]
Sentence = Annotated[Text, AfterValidator(_said)]


class _Seen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SeenBox(_Seen):
    """A rectangle in fractions of the frame."""

    x: Fraction
    y: Fraction
    w: Fraction
    h: Fraction

    @model_validator(mode="after")
    def _stays_inside(self) -> SeenBox:
        if max(self.x + self.w, self.y + self.h) > 1 + TOLERANCE:
            raise ValueError("the box reaches out of the frame")
        if min(self.w, self.h, 1 - self.x, 1 - self.y) <= 0:
            raise ValueError("the box has no size")
        return self

    def to_domain(self) -> Box:
        """Return the box, cut at the frame's edges."""
        return Box(self.x, self.y, min(self.w, 1 - self.x), min(self.h, 1 - self.y))


class SeenControl(_Seen):
    """One user-interface control."""

    kind: ControlKind
    label: Text
    box: SeenBox


class SeenText(_Seen):
    """One line of text on the image."""

    text: Text
    box: SeenBox


class SeenFrame(_Seen):
    """What one frame shows."""

    caption: Sentence
    objects: list[Text]
    controls: list[SeenControl]
    text: list[SeenText]

    def to_domain(self) -> FrameDescription:
        """Return the description; empty objects and lines are left out, repeats named once."""
        return FrameDescription(
            caption=self.caption,
            objects=tuple(dict.fromkeys(name for name in self.objects if name)),
            controls=tuple(
                Control(control.kind, control.label, control.box.to_domain())
                for control in self.controls
            ),
            text=tuple(
                ScreenText(line.text, line.box.to_domain()) for line in self.text if line.text
            ),
        )


def json_schema(model: type[BaseModel]) -> dict[str, object]:
    """Return a model's JSON Schema with every reference inlined.

    Not every compatible server follows ``$ref``; OpenAI's strict mode takes no text beside it.
    """
    schema = model.model_json_schema()
    inlined: dict[str, object] = _inlined(schema, schema.get("$defs", {}))
    return inlined


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(definitions[node["$ref"].rsplit("/", 1)[-1]], definitions)
    return {
        key: {name: _inlined(part, definitions) for name, part in value.items()}
        if key == "properties"
        else _inlined(value, definitions)
        for key, value in node.items()
        if key not in _UNSENT
    }
