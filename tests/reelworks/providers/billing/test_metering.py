"""Each call of a hosted model is counted and paced, whatever thread makes it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr

from reelworks.domain.jobs.usage import Meter, Usage, counting
from reelworks.domain.rate_limit import rate_limited
from reelworks.errors import ProviderAnswerError
from reelworks.providers.openai.client import HostedApi
from reelworks.providers.openai.embeddings import OpenAiEmbedder
from reelworks.settings import Settings
from tests.support.openai_server import EMBED, Fault, OpenAiServer, broken

MODEL = "openai-compatible:127.0.0.1/text-embedding-3-small"


@pytest.fixture
def meter() -> Iterator[Meter]:
    counted = Meter()
    with counting(counted):
        yield counted


def embedder(server: OpenAiServer) -> OpenAiEmbedder:
    settings = Settings(_env_file=None, openai_api_key=SecretStr(server.key))
    api = HostedApi(SecretStr(server.key), base_url=server.base_url, first_wait=0.01)
    return OpenAiEmbedder(settings, "text-embedding-3-small", api=api)


def test_calls_in_other_threads_are_counted(openai_server: OpenAiServer, meter: Meter) -> None:
    hosted = embedder(openai_server)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda text: hosted.embed([text]), ["one", "two", "three"]))

    assert meter.total() == {MODEL: Usage(calls=3, input_tokens=3, characters=11)}


def test_only_answers_are_on_the_bill(openai_server: OpenAiServer, meter: Meter) -> None:
    openai_server.fault(EMBED, broken(500), times=2)
    embedder(openai_server).embed(["text"])

    assert openai_server.count(EMBED) == 3
    assert meter.total()[MODEL].calls == 1


def test_an_answer_that_cannot_be_used_is_paid_for(
    openai_server: OpenAiServer, meter: Meter
) -> None:
    openai_server.fault(EMBED, Fault(edit=lambda answer: answer | {"data": []}), times=None)
    with pytest.raises(ProviderAnswerError):
        embedder(openai_server).embed(["text"])

    assert meter.total()[MODEL].calls == openai_server.count(EMBED) == 4


def test_every_attempt_waits_for_the_rate_limiters(openai_server: OpenAiServer) -> None:
    class Slow:
        calls: list[str] = []  # noqa: RUF012 - of this test alone

        def wait(self, provider: str) -> None:
            self.calls.append(provider)
            time.sleep(0.05)

    with rate_limited(Slow()), rate_limited(Slow()):
        hosted = embedder(openai_server)
    openai_server.fault(EMBED, broken(500))
    started = time.monotonic()
    hosted.embed(["text"])

    assert Slow.calls == ["openai-compatible:127.0.0.1"] * 4
    assert time.monotonic() - started >= 0.2
