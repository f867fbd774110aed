"""The client retries transient errors, and reports permanent ones plainly."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pydantic import BaseModel, SecretStr

from reelworks.errors import (
    ProviderAnswerError,
    ProviderAuthError,
    ProviderError,
    ProviderRejectedError,
    ProviderUnavailableError,
    RateLimitedError,
    SettingsError,
)
from reelworks.providers.openai.client import HostedApi, parse_answer
from reelworks.settings import Settings
from tests.support.dripping import Dripping
from tests.support.openai_server import (
    CHAT,
    Fault,
    OpenAiServer,
    broken,
    error,
    out_of_quota,
    rate_limited,
)


class Said(BaseModel):
    model: str


def client_of(server: OpenAiServer, **changes: object) -> HostedApi:
    given: dict[str, object] = {"base_url": server.base_url, "attempts": 3, "first_wait": 0.1}
    return HostedApi(SecretStr(server.key), **(given | changes))  # type: ignore[arg-type]


def greet(api: HostedApi, model: str = "gpt-6-luna") -> Said:
    return api.call(
        model,
        "VISION_MODEL",
        lambda sdk: (
            sdk.chat.completions.with_raw_response.create(
                model=model, messages=[{"role": "user", "content": "Hello"}]
            ).content
        ),
        lambda body: parse_answer(Said, body, api.host),
    )


def test_a_right_answer_takes_one_request(openai_server: OpenAiServer, api: HostedApi) -> None:
    assert greet(api).model == "gpt-6-luna"
    assert openai_server.count(CHAT) == 1


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (error(401, "Incorrect API key."), ProviderAuthError, "OPENAI_API_KEY"),
        (error(403, "Country not supported."), ProviderAuthError, "Country not supported"),
        (error(400, "Image too large."), ProviderRejectedError, "Image too large"),
        (error(413, "Too large, skipped."), ProviderRejectedError, "Too large, skipped"),
        (error(404, "No such model."), ProviderRejectedError, "VISION_MODEL"),
        (error(402, "Payment required."), ProviderRejectedError, "credit"),
        (out_of_quota(), ProviderRejectedError, "quota"),
        (
            error(429, "Limit.", code="project_spend_limit_exceeded", type="insufficient_quota"),
            ProviderRejectedError,
            "spending limit",
        ),
        (
            error(400, "Rejected by our safety system.", code="content_policy_violation"),
            ProviderRejectedError,
            "safety system",
        ),
    ],
)
def test_a_permanent_error_is_not_retried(
    openai_server: OpenAiServer,
    api: HostedApi,
    fault: Fault,
    kind: type[ProviderError],
    words: str,
) -> None:
    openai_server.fault(CHAT, fault, times=None)
    with pytest.raises(kind, match=words) as caught:
        greet(api)
    assert not caught.value.retryable
    assert openai_server.count(CHAT) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (broken(500), ProviderUnavailableError),
        (broken(503), ProviderUnavailableError),
        (error(408, "Timed out."), ProviderUnavailableError),
        (Fault(drop=True), ProviderUnavailableError),
        (Fault(cut=True), ProviderAnswerError),
        (Fault(edit=lambda answer: {"id": answer["id"]}), ProviderAnswerError),
        (rate_limited(0.01), RateLimitedError),
        (rate_limited(), RateLimitedError),
    ],
)
def test_a_transient_error_is_retried_up_to_the_bound(
    openai_server: OpenAiServer, api: HostedApi, fault: Fault, kind: type[ProviderError]
) -> None:
    openai_server.fault(CHAT, fault, times=2)
    assert greet(api).model == "gpt-6-luna"
    assert openai_server.count(CHAT) == 3

    openai_server.fault(CHAT, fault, times=None)
    with pytest.raises(kind) as caught:
        greet(api)
    assert caught.value.retryable
    assert openai_server.count(CHAT) == 3 + 3


def test_a_slow_server_is_not_waited_for_longer_than_the_timeout(
    openai_server: OpenAiServer,
) -> None:
    openai_server.fault(CHAT, Fault(delay=4.0))
    with client_of(openai_server, timeout=0.3, attempts=1) as api:
        began = time.monotonic()
        with pytest.raises(ProviderUnavailableError, match="PROVIDER_TIMEOUT"):
            greet(api)
        assert time.monotonic() - began < 3.5


def test_a_server_that_is_not_there_is_out_of_reach() -> None:
    with (
        HostedApi(SecretStr("k"), base_url="http://127.0.0.1:9/v1", attempts=1) as api,
        pytest.raises(ProviderUnavailableError, match=r"127\.0\.0\.1:9 cannot be reached"),
    ):
        greet(api)


def test_waits_grow(openai_server: OpenAiServer) -> None:
    openai_server.fault(CHAT, broken(), times=2)
    with client_of(openai_server) as api:
        greet(api)
    first, second, third = (seen.at for seen in openai_server.seen(CHAT))
    assert second - first >= 0.075
    assert third - second >= 0.15


def test_retry_after_in_seconds_is_respected(openai_server: OpenAiServer, api: HostedApi) -> None:
    openai_server.fault(CHAT, rate_limited(1))
    greet(api)
    first, second = (seen.at for seen in openai_server.seen(CHAT))
    assert 1.0 <= second - first < 3.0


def test_retry_after_as_a_date_is_respected(openai_server: OpenAiServer, api: HostedApi) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
    openai_server.fault(CHAT, rate_limited(format_datetime(until, usegmt=True)))
    greet(api)
    assert datetime.now(UTC) >= until
    assert openai_server.count(CHAT) == 2


def test_a_busy_server_that_names_a_time_is_left_alone_until_then(
    openai_server: OpenAiServer, api: HostedApi
) -> None:
    openai_server.fault(CHAT, error(503, "Overloaded.", headers={"Retry-After": "1"}))
    greet(api)
    first, second = (seen.at for seen in openai_server.seen(CHAT))
    assert second - first >= 1.0


def test_a_long_wait_is_left_to_the_scheduler(openai_server: OpenAiServer, api: HostedApi) -> None:
    openai_server.fault(CHAT, rate_limited(3600), times=None)
    began = time.monotonic()
    with pytest.raises(RateLimitedError, match="3600 s") as caught:
        greet(api)
    assert caught.value.retry_after == 3600
    assert openai_server.count(CHAT) == 1
    assert time.monotonic() - began < 10


def test_no_message_and_no_log_line_holds_the_key(
    openai_server: OpenAiServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "sk-wrong-4f0c9a"
    shown: list[str] = []
    # The server quotes the key that it was given.
    other = HostedApi(SecretStr(wrong), base_url=openai_server.base_url)
    with client_of(openai_server) as right, other:
        for api, fault in [
            (other, None),
            (right, error(400, f"Bad key {openai_server.key} and sk-other-key-12345")),
            (right, error(403, f"Bearer {openai_server.key} may not")),
            (right, broken()),
        ]:
            openai_server.heal()
            if fault:
                openai_server.fault(CHAT, fault, times=None)
            with pytest.raises(ProviderError) as caught:
                greet(api)
            shown += [str(caught.value), repr(caught.value), repr(caught.value.__context__)]
            assert caught.value.__cause__ is None
    everything = "\n".join([*shown, caplog.text, *(repr(r.args) for r in caplog.records)])
    assert "sk-" not in everything
    assert "Attempt 2 of 3" in caplog.text


def test_a_key_of_another_makers_form_is_not_quoted_either(openai_server: OpenAiServer) -> None:
    openai_server.key = "plain0123"
    openai_server.fault(CHAT, error(400, f"The key {openai_server.key} may not do this."))
    with client_of(openai_server) as api, pytest.raises(ProviderRejectedError) as caught:
        greet(api)
    assert "The key … may not do this" in str(caught.value)


@pytest.mark.parametrize("key", ["", "sk-1\n", "sk 1", "schlüssel"])
def test_a_key_that_cannot_be_one_is_a_wrong_setting(key: str) -> None:
    with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
        HostedApi(SecretStr(key))


@pytest.mark.parametrize("url", ["http://", "http://host:port/v1", "https:///v1"])
def test_an_address_that_cannot_be_one_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(SettingsError, match="OPENAI_BASE_URL"):
        HostedApi(SecretStr("k"), base_url=url)


@pytest.mark.parametrize(
    ("url", "provider"),
    [
        (None, "openai"),
        ("https://eu.api.openai.com/v1", "openai"),
        ("http://user:secret@gpu-box:8000/v1", "openai-compatible:gpu-box"),
        ("https://api.openai.com.example.org/v1", "openai-compatible:api.openai.com.example.org"),
    ],
)
def test_rows_say_who_served_a_model(url: str | None, provider: str) -> None:
    with HostedApi(SecretStr("k"), base_url=url) as api:
        assert api.model("m").provider == provider
        assert "secret" not in api.host


def test_the_settings_say_which_server(hosted: Settings, openai_server: OpenAiServer) -> None:
    with HostedApi.from_settings(hosted) as api:
        assert greet(api).model == "gpt-6-luna"
    with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
        HostedApi.from_settings(Settings(_env_file=None, openai_api_key=None))


def test_a_server_may_state_when_a_model_ends(openai_server: OpenAiServer, api: HostedApi) -> None:
    assert str(api.announced_shutdown("whisper-1", "TRANSCRIBE_MODEL")) == "2027-02-26"
    assert api.announced_shutdown("gpt-6-luna", "VISION_MODEL") is None
    with pytest.raises(ProviderRejectedError, match="EMBED_MODEL"):
        api.announced_shutdown("unheard-of", "EMBED_MODEL")


@pytest.mark.parametrize(
    ("at_once", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    ],
    ids=["body", "head"],
)
def test_a_server_that_drips_has_the_timeout_for_all_of_its_answer(
    at_once: bytes, drop: bytes
) -> None:
    with (
        Dripping(at_once, drop) as server,
        HostedApi(SecretStr("k"), base_url=server.address, timeout=0.8, attempts=1) as api,
    ):
        began = time.monotonic()
        with pytest.raises(ProviderUnavailableError, match="PROVIDER_TIMEOUT"):
            greet(api)
        assert 0.7 < time.monotonic() - began < 5
