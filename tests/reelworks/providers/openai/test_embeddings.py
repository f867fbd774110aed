"""Hosted vectors come back complete, in order, of unit length and of the requested length."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reelworks.errors import ProviderAnswerError, ProviderRejectedError
from reelworks.providers.openai.client import HostedApi
from reelworks.providers.openai.embeddings import BATCH, OpenAiEmbedder
from reelworks.settings import Settings
from tests.support.openai_answers import unit_vector
from tests.support.openai_server import EMBED, Answer, Fault, OpenAiServer, error, rate_limited


@pytest.fixture
def embedder(hosted: Settings, api: HostedApi) -> OpenAiEmbedder:
    return OpenAiEmbedder(hosted, "text-embedding-3-small", api=api)


def as_floats(answer: Answer) -> Answer:
    texts = [f"text {index}" for index in range(len(answer["data"]))]
    for item in answer["data"]:
        item["embedding"] = [7.5 * part for part in unit_vector(texts[item["index"]], 64)]
    return answer


def test_each_text_gets_its_own_vector_in_order(
    embedder: OpenAiEmbedder, openai_server: OpenAiServer
) -> None:
    texts = ["a red car", "save the file", "ein Satz auf Deutsch"]
    vectors = embedder.embed(texts)
    expected = [unit_vector(text, 64) for text in texts]
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    assert all(math.isclose(math.hypot(*vector), 1.0, rel_tol=1e-9) for vector in vectors)
    assert openai_server.seen(EMBED)[0].body["dimensions"] == 64


def test_numbers_are_taken_as_well_as_base64_and_brought_to_unit_length(
    embedder: OpenAiEmbedder, openai_server: OpenAiServer
) -> None:
    openai_server.fault(EMBED, Fault(edit=as_floats))
    vectors = embedder.embed(["text 0", "text 1"])
    np.testing.assert_allclose(vectors, [unit_vector(f"text {i}", 64) for i in (0, 1)], atol=1e-9)


def test_many_texts_go_in_batches(embedder: OpenAiEmbedder, openai_server: OpenAiServer) -> None:
    texts = [f"text {number}" for number in range(2 * BATCH + 3)]
    vectors = embedder.embed(texts)
    assert [len(seen.body["input"]) for seen in openai_server.seen(EMBED)] == [BATCH, BATCH, 3]
    np.testing.assert_allclose(vectors[-1], unit_vector(texts[-1], 64), atol=1e-6)


def test_a_hosted_model_reads_every_script(embedder: OpenAiEmbedder) -> None:
    assert embedder.reads("圓")


def test_no_text_is_no_request(embedder: OpenAiEmbedder, openai_server: OpenAiServer) -> None:
    assert embedder.embed([]) == []
    assert openai_server.count(EMBED) == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[1:],
        lambda data: [item | {"index": 0} for item in data],
        lambda data: [item | {"embedding": "%%%"} for item in data],
        lambda data: [item | {"embedding": "AAA="} for item in data],
        lambda data: [item | {"embedding": [0.0] * 64} for item in data],
        lambda data: None,
    ],
    ids=["one missing", "same number", "no base64", "half a float", "zeros", "no data"],
)
def test_an_incomplete_answer_is_requested_again(
    embedder: OpenAiEmbedder, openai_server: OpenAiServer, change: Callable[[Any], Any]
) -> None:
    fault = Fault(edit=lambda answer: answer | {"data": change(answer["data"])})
    openai_server.fault(EMBED, fault)
    assert len(embedder.embed(["one", "two"])) == 2
    assert openai_server.count(EMBED) == 2

    openai_server.fault(EMBED, fault, times=None)
    with pytest.raises(ProviderAnswerError):
        embedder.embed(["one", "two"])
    assert openai_server.count(EMBED) == 2 + 3


def test_vectors_of_another_length_are_a_matter_of_settings(
    embedder: OpenAiEmbedder, openai_server: OpenAiServer
) -> None:
    def longer(answer: Answer) -> Answer:
        data = [item | {"embedding": [0.1] * 384} for item in answer["data"]]
        return answer | {"data": data}

    openai_server.fault(EMBED, Fault(edit=longer), times=None)
    with pytest.raises(ProviderRejectedError, match="set EMBED_DIMENSIONS to 384"):
        embedder.embed(["one"])
    assert openai_server.count(EMBED) == 1


def test_a_model_of_one_length_is_not_sent_a_length_twice(
    hosted: Settings, openai_server: OpenAiServer
) -> None:
    longer = hosted.with_values(embed_dimensions=1536)
    embedder = OpenAiEmbedder(longer, "text-embedding-3-small")
    refusal = error(400, "Model does not support matryoshka representation.")
    openai_server.fault(EMBED, refusal, times=None, where=lambda seen: "dimensions" in seen.body)
    embedder.embed(["one"])
    embedder.embed(["two"])
    assert ["dimensions" in seen.body for seen in openai_server.seen(EMBED)] == [True, False, False]


def test_a_rate_limit_is_waited_for(embedder: OpenAiEmbedder, openai_server: OpenAiServer) -> None:
    openai_server.fault(EMBED, rate_limited(1))
    embedder.embed(["one"])
    first, second = (seen.at for seen in openai_server.seen(EMBED))
    assert second - first >= 1.0


def test_each_length_is_another_model_to_the_cache(embedder: OpenAiEmbedder) -> None:
    assert str(embedder.model) == "openai-compatible:127.0.0.1/text-embedding-3-small@64d"
    assert embedder.dimensions == 64
    assert embedder.batch_size == BATCH
