"""Text embeddings by a hosted model (``/v1/embeddings``)."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from openai import Omit, OpenAI, omit
from pydantic import BaseModel

from reelworks.domain.digest import ModelRef
from reelworks.domain.jobs.usage import Usage
from reelworks.errors import ProviderAnswerError, ProviderRejectedError
from reelworks.providers.openai.client import HostedApi, parse_answer
from reelworks.settings import Settings

BATCH = 256
"""Texts in one request; OpenAI takes up to 2048 and 300,000 tokens (API reference, 2026)."""

_SETTING = "EMBED_MODEL"


class OpenAiEmbedder:
    """Embeds texts; threads may share one."""

    def __init__(self, settings: Settings, model: str, *, api: HostedApi | None = None) -> None:
        """Use ``model`` of the server in the settings, through ``api`` if there is one already."""
        self._api = api or HostedApi.from_settings(settings)
        self._name = model
        self._dimensions = settings.embed.dimensions
        self._states_length = True

    @property
    def model(self) -> ModelRef:
        """The model; its revision states the length, as each length gives different vectors."""
        return self._api.model(self._name, f"{self._dimensions}d")

    @property
    def dimensions(self) -> int:
        """Length of each vector."""
        return self._dimensions

    @property
    def batch_size(self) -> int:
        """Texts per call."""
        return BATCH

    def reads(self, text: str) -> bool:  # noqa: ARG002 - hosted models have seen every script
        """Return True."""
        return True

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one unit vector for each text, in order; more than a batch takes more requests.

        Raises the ``ProviderError`` family; ``ProviderRejectedError`` when the model's vectors
        have another length.
        """
        vectors: list[list[float]] = []
        for start in range(0, len(texts), BATCH):
            vectors += self._batch(texts[start : start + BATCH])
        return vectors

    def _batch(self, texts: Sequence[str]) -> list[list[float]]:
        try:
            vectors = self._request(texts)
        except ProviderRejectedError as error:
            if not self._states_length or not _is_about_length(error):
                raise
            # Models of one fixed length refuse the parameter; the answer is measured anyway.
            self._states_length = False
            vectors = self._request(texts)
        return [self._with_our_length(vector) for vector in vectors]

    def _request(self, texts: Sequence[str]) -> list[list[float]]:
        length: int | Omit = self._dimensions if self._states_length else omit

        def call(api: OpenAI) -> bytes:
            return api.embeddings.with_raw_response.create(
                model=self._name,
                input=list(texts),
                dimensions=length,
                encoding_format="base64",
            ).content

        def read(body: bytes) -> list[list[float]]:
            return self._read(body, len(texts))

        sent = Usage(characters=sum(map(len, texts)))
        return self._api.call(self._name, _SETTING, call, read, sent=sent)

    def _with_our_length(self, vector: list[float]) -> list[float]:
        if len(vector) != self._dimensions:
            raise ProviderRejectedError(
                f"{self._name} at {self._api.host} gives vectors of {len(vector)} numbers, not "
                f"{self._dimensions}: set EMBED_DIMENSIONS to {len(vector)}."
            )
        return vector

    def _read(self, body: bytes, expected: int) -> list[list[float]]:
        items = parse_answer(_Answer, body, self._api.host).data
        by_index = {item.index: item.embedding for item in items}
        if len(items) != expected or by_index.keys() != set(range(expected)):
            raise ProviderAnswerError(
                f"{self._api.host} returned {len(items)} vectors for {expected} texts, or "
                "numbered them wrongly; try again."
            )
        return [self._unit_vector(by_index[index]) for index in range(expected)]

    def _unit_vector(self, embedding: list[float] | str) -> list[float]:
        try:
            vector = _numbers(embedding)
        except ValueError:
            vector = np.zeros(0)
        norm = float(np.linalg.norm(vector))
        if not np.isfinite(norm) or norm == 0.0:
            raise ProviderAnswerError(
                f"{self._api.host} returned an empty or unreadable vector; try again."
            )
        unit: list[float] = (vector / norm).tolist()
        return unit


def _numbers(embedding: list[float] | str) -> NDArray[np.float64]:
    if not isinstance(embedding, str):
        return np.asarray(embedding, dtype=np.float64)
    return np.frombuffer(base64.b64decode(embedding, validate=True), "<f4").astype(np.float64)


class _Vector(BaseModel):
    index: int
    embedding: list[float] | str
    """Numbers, or base64 of little-endian 32-bit floats."""


class _Answer(BaseModel):
    data: list[_Vector]


def _is_about_length(error: ProviderRejectedError) -> bool:
    said = str(error).lower()
    return "dimensions" in said or "matryoshka" in said
