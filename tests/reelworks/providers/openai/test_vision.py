"""A hosted model's description of a frame, or a clear reason why there is none."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import av
import pytest

from reelworks.domain.video.vision import Box, Control, ControlKind, FrameDescription, ScreenText
from reelworks.errors import ProviderAnswerError, ProviderRejectedError
from reelworks.providers.openai.client import HostedApi
from reelworks.providers.openai.vision import PROMPT, PROMPT_VERSION, OpenAiDescriber
from reelworks.providers.openai.vision_schema import SeenFrame, json_schema
from reelworks.settings import Settings
from tests.support.openai_answers import described
from tests.support.openai_server import CHAT, Fault, OpenAiServer, error, says


@pytest.fixture(scope="module")
def jpeg(media: Path) -> bytes:
    with av.open(str(media / "video" / "testvideo.mp4")) as container:
        picture = next(container.decode(video=0)).to_image()
    target = io.BytesIO()
    picture.save(target, "JPEG")
    return target.getvalue()


@pytest.fixture
def describer(hosted: Settings, api: HostedApi) -> OpenAiDescriber:
    return OpenAiDescriber(hosted, "gpt-6-luna", api=api)


def with_box(**changes: float) -> dict[str, Any]:
    box = {"x": 0.1, "y": 0.1, "w": 0.5, "h": 0.5} | changes
    return {
        "caption": "A sign.",
        "objects": [],
        "controls": [],
        "text": [{"text": "Exit", "box": box}],
    }


def test_the_picture_goes_out_whole_and_the_description_comes_back(
    describer: OpenAiDescriber, openai_server: OpenAiServer, jpeg: bytes
) -> None:
    number = hashlib.sha256(jpeg).hexdigest()[:8]
    box = Box(0.25, 0.5, 0.5, 0.125)
    answer = described(jpeg)
    assert describer.describe(jpeg) == FrameDescription(
        caption=answer["caption"],
        objects=tuple(answer["objects"]),
        controls=(Control(ControlKind.BUTTON, f"Button {number}", box),),
        text=(ScreenText(f"Text {number}", box),),
    )
    assert openai_server.images() == [hashlib.sha256(jpeg).hexdigest()]


def test_the_schema_is_strict_and_complete(
    describer: OpenAiDescriber, openai_server: OpenAiServer, jpeg: bytes
) -> None:
    describer.describe(jpeg)
    sent = openai_server.seen(CHAT)[0].body["response_format"]
    assert sent["type"] == "json_schema"
    assert sent["json_schema"]["strict"] is True

    def objects(node: Any) -> list[dict[str, Any]]:
        if isinstance(node, list):
            return [found for item in node for found in objects(item)]
        if not isinstance(node, dict):
            return []
        own = [node] if node.get("type") == "object" else []
        return own + [found for item in node.values() for found in objects(item)]

    schema = sent["json_schema"]["schema"]
    assert "$ref" not in json.dumps(schema)
    assert len(objects(schema)) == 5
    for node in objects(schema):
        assert node["additionalProperties"] is False
        assert node["required"] == list(node["properties"])
    kinds = schema["properties"]["controls"]["items"]["properties"]["kind"]["enum"]
    assert kinds == [kind.value for kind in ControlKind]


@pytest.mark.parametrize(
    "content",
    [
        "no JSON at all",
        '{"caption": "A truncated',
        None,
        {"caption": "Only a caption."},
        with_box() | {"caption": "  "},
        with_box() | {"mood": "calm"},
        with_box() | {"controls": [{"kind": "lever", "label": "", "box": {}}]},
        with_box(x=250, y=100, w=300, h=40),
        with_box(x=-0.2),
        with_box(x=0.8, w=0.4),
        with_box(w=0.0),
        with_box(x=1.005),
    ],
)
def test_an_answer_that_breaks_the_schema_is_requested_again_a_few_times(
    describer: OpenAiDescriber, openai_server: OpenAiServer, jpeg: bytes, content: object
) -> None:
    openai_server.fault(CHAT, says(content))
    assert describer.describe(jpeg).caption == described(jpeg)["caption"]
    assert openai_server.count(CHAT) == 2

    openai_server.fault(CHAT, says(content), times=None)
    with pytest.raises(ProviderAnswerError):
        describer.describe(jpeg)
    assert openai_server.count(CHAT) == 2 + 3


def test_a_box_past_the_edge_by_rounding_is_cut_at_the_edge(
    describer: OpenAiDescriber, openai_server: OpenAiServer, jpeg: bytes
) -> None:
    openai_server.fault(CHAT, says(with_box(x=-0.004, y=0.75, w=0.5, h=0.258)))
    assert describer.describe(jpeg).text[0].box == Box(0.0, 0.75, 0.5, 0.25)


def test_blank_lines_and_repeated_objects_are_left_out(
    describer: OpenAiDescriber, openai_server: OpenAiServer, jpeg: bytes
) -> None:
    answer = with_box() | {"objects": ["car", " car ", "", "tree"]}
    answer["text"][0]["text"] = "  "
    openai_server.fault(CHAT, says(answer))
    seen = describer.describe(jpeg)
    assert seen.objects == ("car", "tree")
    assert seen.text == ()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (says(None, refusal="I cannot help with that."), "I cannot help with that"),
        (says("", finish="content_filter"), "content filter"),
        (error(400, "Blocked.", code="content_policy_violation"), "Blocked"),
        (error(400, "Invalid image data."), "Invalid image data"),
    ],
)
def test_a_refusal_is_final(
    describer: OpenAiDescriber, openai_server: OpenAiServer, jpeg: bytes, fault: Fault, words: str
) -> None:
    openai_server.fault(CHAT, fault, times=None)
    with pytest.raises(ProviderRejectedError, match=words):
        describer.describe(jpeg)
    assert openai_server.count(CHAT) == 1


def test_an_answer_cut_off_by_length_says_so(
    describer: OpenAiDescriber, openai_server: OpenAiServer, jpeg: bytes
) -> None:
    openai_server.fault(CHAT, says('{"caption": "A', finish="length"), times=None)
    with pytest.raises(ProviderAnswerError, match="truncated"):
        describer.describe(jpeg)


def test_an_answer_without_choices_is_no_answer(
    describer: OpenAiDescriber, openai_server: OpenAiServer, jpeg: bytes
) -> None:
    openai_server.fault(CHAT, Fault(edit=lambda answer: answer | {"choices": []}), times=None)
    with pytest.raises(ProviderAnswerError, match="empty"):
        describer.describe(jpeg)


def test_a_new_prompt_or_schema_has_a_new_version(describer: OpenAiDescriber) -> None:
    """Fails when either changes: raise ``PROMPT_VERSION`` and note the new digest in this test."""
    sent = PROMPT + json.dumps(json_schema(SeenFrame), sort_keys=True)
    digest = hashlib.sha256(sent.encode()).hexdigest()[:12]
    assert (PROMPT_VERSION, digest) == (1, "9862eb640830")
    assert describer.parallel == 4
    assert describer.model.revision == f"prompt-{PROMPT_VERSION}"
