"""Frame descriptions by a hosted vision model (``/v1/chat/completions``).

Chat completions, as this is what compatible servers speak too (Gemini, vLLM, Ollama).
"""

from __future__ import annotations

import base64
from typing import Literal

from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam
from openai.types.shared_params import ResponseFormatJSONSchema
from pydantic import BaseModel

from reelworks.domain.digest import ModelRef
from reelworks.domain.video.vision import FrameDescription
from reelworks.errors import ProviderAnswerError, ProviderRejectedError
from reelworks.providers.openai.client import HostedApi, parse_answer
from reelworks.providers.openai.vision_schema import SeenFrame, json_schema
from reelworks.settings import Settings

PROMPT_VERSION = 1
"""Raise with every change of the prompt or the schema: it is part of each answer's cache key."""

PROMPT = """\
You describe one frame of a video so that people can search for it and blind people can follow it.

caption: one or two plain sentences on what the frame shows: people, actions, place, and what \
matters on a screen if one is shown. State what is visible; guess no names and no intentions.
objects: the distinct things that can be seen, as short lower-case nouns, most important first. \
An empty list if there are none.
controls: each control of a software interface that can be seen (button, field, checkbox, radio, \
menu, link, tab, slider; other if none fits) with the label that is written on it or beside it. \
An empty list if no software is shown.
text: each line of text that can be read, exactly as written, top to bottom. \
An empty list if there is none.

Each box is the rectangle around the item, in fractions of the frame from 0 to 1: \
x and y of its top left corner, then its width w and height h."""

_SETTING = "VISION_MODEL"
_ANOTHER_MODEL = "set VISION_MODEL to a model with structured output"
_FORM: ResponseFormatJSONSchema = {
    "type": "json_schema",
    "json_schema": {
        "name": "frame_description",
        "strict": True,
        "schema": json_schema(SeenFrame),
    },
}


class OpenAiDescriber:
    """Describes frames; threads may share one."""

    def __init__(self, settings: Settings, model: str, *, api: HostedApi | None = None) -> None:
        """Use ``model`` of the server in the settings, through ``api`` if there is one already."""
        self._api = api or HostedApi.from_settings(settings)
        self._name = model
        self._parallel = settings.vision.max_concurrent

    @property
    def model(self) -> ModelRef:
        """The model; its revision states the prompt's version."""
        return self._api.model(self._name, f"prompt-{PROMPT_VERSION}")

    @property
    def parallel(self) -> int:
        """Calls that may run at once."""
        return self._parallel

    def describe(self, jpeg: bytes) -> FrameDescription:
        """Describe one JPEG image.

        Raises ``ProviderRejectedError`` when the model refuses the image, and
        ``ProviderAnswerError`` when its answers remain truncated or break the schema.
        """
        messages = _messages(jpeg)

        def call(api: OpenAI) -> bytes:
            return api.chat.completions.with_raw_response.create(
                model=self._name, messages=messages, response_format=_FORM
            ).content

        return self._api.call(self._name, _SETTING, call, self._read)

    def _read(self, body: bytes) -> FrameDescription:
        choice = parse_answer(_Completion, body, self._api.host).only_choice(self._api.host)
        if choice.message.refusal or choice.finish_reason == "content_filter":
            said = " ".join((choice.message.refusal or "content filter").split())[:200]
            raise ProviderRejectedError(
                f"{self._name} at {self._api.host} refuses to describe this frame: {said}"
            )
        if choice.finish_reason == "length":
            raise ProviderAnswerError(
                f"{self._name} at {self._api.host} reached its output limit and truncated the "
                f"answer; try again, or {_ANOTHER_MODEL}."
            )
        content = choice.message.content or ""
        return parse_answer(SeenFrame, content, self._api.host, _ANOTHER_MODEL).to_domain()


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Completion(BaseModel):
    choices: list[_Choice]

    def only_choice(self, host: str) -> _Choice:
        if not self.choices:
            raise ProviderAnswerError(f"{host} returned an empty answer; try again.")
        return self.choices[0]


def _messages(jpeg: bytes) -> list[ChatCompletionMessageParam]:
    # Fine print is what people search for on screens: "high" leaves it readable.
    detail: Literal["high"] = "high"
    url = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"
    return [
        {"role": "system", "content": PROMPT},
        {
            "role": "user",
            "content": [{"type": "image_url", "image_url": {"url": url, "detail": detail}}],
        },
    ]
