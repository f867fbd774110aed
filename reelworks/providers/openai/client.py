"""The one way to a hosted model: the ``openai`` SDK, with our errors and our patience.

The SDK's own retries are off: it would repeat a request that an empty account refuses, and it
sleeps for up to two minutes where a scheduler should be told instead.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from datetime import date
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlsplit

from openai import OpenAI, OpenAIError, Timeout
from pydantic import BaseModel, SecretStr, ValidationError

from reelworks.domain.digest import ModelRef
from reelworks.domain.jobs.usage import NOTHING, Usage, current_meter
from reelworks.domain.rate_limit import rate_limiters
from reelworks.errors import (
    ProviderAnswerError,
    ProviderError,
    RateLimitedError,
    SettingsError,
)
from reelworks.providers.http.deadlines import WholeAnswer, watch
from reelworks.providers.openai.error_mapping import CallContext, translate
from reelworks.settings import Settings

OPENAI_URL = "https://api.openai.com/v1"
LONGEST_WAIT = 60.0
"""Seconds that a call sleeps at most before it asks again; the scheduler waits for longer ones."""

_CONNECT_TIMEOUT = 10.0
_jitter = random.SystemRandom()
_log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
Wire = TypeVar("Wire", bound=BaseModel)


class HostedApi:
    """An OpenAI-compatible server. Threads may share one; close it when done.

    It counts on the meter and passes the turnstiles of the context in which it is made
    (``domain.jobs.usage``, ``domain.rate_limit``), in whatever thread it is used.
    """

    def __init__(
        self,
        api_key: SecretStr,
        *,
        base_url: str | None = None,
        timeout: float = 120.0,
        attempts: int = 4,
        first_wait: float = 0.5,
        longest_wait: float = LONGEST_WAIT,
    ) -> None:
        """Prepare the client; nothing is sent yet.

        ``base_url`` None means OpenAI. ``timeout`` is in seconds for the whole of an answer.
        ``attempts`` counts the first request too. Waits double from ``first_wait`` seconds with
        jitter, up to ``longest_wait``; a longer one that a server asks for is left to the caller.
        Raises ``SettingsError`` for a key or an address that cannot be used.
        """
        self._secret = _usable_key(api_key)
        self._name, self.host = _hosts(base_url or OPENAI_URL)
        self._attempts = max(1, attempts)
        self._first_wait = first_wait
        self._longest_wait = longest_wait
        self._meter, self._turnstiles = current_meter(), rate_limiters()
        self._client = OpenAI(
            api_key=self._secret,
            base_url=base_url or OPENAI_URL,
            timeout=Timeout(timeout, connect=min(timeout, _CONNECT_TIMEOUT)),
            max_retries=0,
        )
        # The SDK's own limit begins anew with each byte.
        watch(self._client._client, lambda _: WholeAnswer(timeout))

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Make the client that the settings describe."""
        if settings.openai_api_key is None:
            raise SettingsError("OPENAI_API_KEY is not set: hosted models need it.")
        return cls(
            settings.openai_api_key,
            base_url=settings.openai_base_url,
            timeout=settings.provider_timeout,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connections that are kept open."""
        self._client.close()

    def model(self, name: str, revision: str = "") -> ModelRef:
        """Name a model of this server, so that a row tells OpenAI's from another server's."""
        return ModelRef(provider=self.provider, name=name, revision=revision)

    @property
    def provider(self) -> str:
        """``openai``, or ``openai-compatible:`` and the server's name."""
        own = self._name == "api.openai.com" or self._name.endswith(".api.openai.com")
        return "openai" if own else f"openai-compatible:{self._name}"

    def call(
        self,
        model: str,
        setting: str,
        call: Callable[[OpenAI], bytes],
        read: Callable[[bytes], Answer],
        *,
        sent: Usage = NOTHING,
    ) -> Answer:
        """Send one request and read its answer; ask again after faults that can pass.

        ``call`` sends the request and returns the body. ``read`` turns the body into the answer
        and raises ``ProviderAnswerError`` when it cannot. ``setting`` is the variable that names
        the model. ``sent`` is what the request holds, for servers whose answer does not state
        what it counts. A server's Retry-After is kept to exactly. Raises the ``ProviderError`` of
        the last try, or of the first permanent one, and what a turnstile raises.
        """
        question = CallContext(self.host, model, setting)
        attempt = 1
        while True:
            for turnstile in self._turnstiles:
                turnstile.wait(self.provider)
            outcome = self._once(question, call, read, sent)
            if not isinstance(outcome, ProviderError):
                return outcome
            wait = self._wait_before_retry(outcome, attempt)
            if wait is None:
                raise outcome
            attempt += 1
            _log.warning("%s Try %d of %d in %.1f s.", outcome, attempt, self._attempts, wait)
            time.sleep(wait)

    def announced_shutdown(self, model: str, setting: str) -> date | None:
        """Ask the server about ``model``: its ``shutdown_date``, or None when it states none.

        Also the cheapest proof that key, address and model are right: no tokens are used. OpenAI
        states the field (its "Deprecations" page, 2026); most other servers do not.
        """
        notice = self.call(
            model,
            setting,
            lambda api: api.models.with_raw_response.retrieve(model).content,
            lambda body: read_as(_ModelNotice, body, self.host),
        )
        return notice.shutdown_date

    def _once(
        self,
        question: CallContext,
        call: Callable[[OpenAI], bytes],
        read: Callable[[bytes], Answer],
        sent: Usage,
    ) -> Answer | ProviderError:
        # Faults are returned, not raised from here, so that no traceback shows the SDK's error
        # and with it a server's words about the key.
        try:
            body = call(self._client)
            # An answer that cannot be used is on the bill as well.
            self._meter.add(f"{self.provider}/{question.model}", usage_in(body, sent))
            return read(body)
        except OpenAIError as error:
            return translate(error, question, self._secret)
        except ProviderError as error:
            return error

    def _wait_before_retry(self, error: ProviderError, attempt: int) -> float | None:
        """Return the seconds to wait, or None when the error is for the caller."""
        if not error.retryable or attempt >= self._attempts:
            return None
        if isinstance(error, RateLimitedError) and error.retry_after is not None:
            return error.retry_after if error.retry_after <= self._longest_wait else None
        wait = self._first_wait * 2.0 ** (attempt - 1) * _jitter.uniform(0.75, 1.25)
        return min(wait, self._longest_wait)


class _Stated(BaseModel):
    prompt_tokens: int | None = None
    input_tokens: int | None = None
    completion_tokens: int | None = None
    output_tokens: int | None = None
    seconds: float | None = None


class _Billed(BaseModel):
    usage: _Stated | None = None


def usage_in(body: bytes, sent: Usage = NOTHING) -> Usage:
    """Return what an answer says that it counts, ``sent`` where it says nothing; one call."""
    try:
        stated = _Billed.model_validate_json(body).usage or _Stated()
    except ValidationError:  # no JSON, or a form of its own: what was sent is known
        stated = _Stated()
    return Usage(
        calls=1,
        input_tokens=stated.prompt_tokens or stated.input_tokens or sent.input_tokens,
        output_tokens=stated.completion_tokens or stated.output_tokens or sent.output_tokens,
        audio_seconds=stated.seconds or sent.audio_seconds,
        characters=sent.characters,
    )


class _ModelNotice(BaseModel):
    id: str
    shutdown_date: date | None = None


def read_as(
    schema: type[Wire], body: bytes | str, host: str, mend: str = "check OPENAI_BASE_URL"
) -> Wire:
    """Read a JSON answer by its schema; raise ``ProviderAnswerError`` when it is not that.

    ``mend`` says what to do when asking again does not help.
    """
    problem: str
    try:
        return schema.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        problem = f"{where}: {first['msg']}" if where else first["msg"]
    raise ProviderAnswerError(
        f"{host} gave an answer that cannot be used ({problem[:200]}): try again, or {mend}."
    )


def _usable_key(api_key: SecretStr) -> str:
    secret = api_key.get_secret_value()
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise SettingsError(
            "OPENAI_API_KEY is empty or holds a space, a line break or an odd character: "
            "set it to the key alone."
        )
    return secret


def _hosts(url: str) -> tuple[str, str]:
    """Return ``host`` and ``host[:port]`` of an address, without user name or password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise SettingsError("OPENAI_BASE_URL is no address: write it like http://host:8000/v1.")
    return host, host if port is None else f"{host}:{port}"
