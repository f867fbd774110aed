"""Client for OpenAI-compatible servers: the ``openai`` SDK with our errors, retries and deadlines.

The SDK's own retries are off: it would repeat a request that an empty account refuses, and it
sleeps for up to two minutes where the scheduler should requeue the job instead.
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
from reelworks.providers.http.deadlines import ResponseDeadline, add_read_deadlines
from reelworks.providers.openai.error_mapping import CallContext, provider_error
from reelworks.providers.openai.usage import usage_in
from reelworks.settings import Settings

OPENAI_URL = "https://api.openai.com/v1"
LONGEST_WAIT = 60.0
"""Seconds that a call sleeps at most before a retry; longer waits are left to the scheduler."""

_CONNECT_TIMEOUT = 10.0
_jitter = random.SystemRandom()
_log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
Wire = TypeVar("Wire", bound=BaseModel)


class HostedApi:
    """An OpenAI-compatible server. Threads may share one; close it when done.

    It counts on the meter and passes the rate limiters of the context in which it is made
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
        jitter, up to ``longest_wait``; a longer one in a Retry-After is left to the caller.
        Raises ``SettingsError`` for a key or a URL that cannot be used.
        """
        self._secret = _usable_key(api_key)
        self._name, self.host = _host_and_port(base_url or OPENAI_URL)
        self._attempts = max(1, attempts)
        self._first_wait = first_wait
        self._longest_wait = longest_wait
        self._meter, self._rate_limiters = current_meter(), rate_limiters()
        self._client = OpenAI(
            api_key=self._secret,
            base_url=base_url or OPENAI_URL,
            timeout=Timeout(timeout, connect=min(timeout, _CONNECT_TIMEOUT)),
            max_retries=0,
        )
        # The SDK's own timeout restarts with each byte.
        add_read_deadlines(self._client._client, lambda _: ResponseDeadline(timeout))

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Make the client that the settings describe."""
        if settings.hosted.api_key is None:
            raise SettingsError("OPENAI_API_KEY is not set; hosted models need it.")
        return cls(
            settings.hosted.api_key,
            base_url=settings.hosted.base_url,
            timeout=settings.hosted.timeout,
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
        """Close the open connections."""
        self._client.close()

    def model(self, name: str, revision: str = "") -> ModelRef:
        """Return the reference of a model of this server, as stored in rows."""
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
        """Send one request and read its answer; retry after transient errors.

        ``call`` sends the request and returns the body. ``read`` turns the body into the answer
        and raises ``ProviderAnswerError`` when it cannot. ``setting`` is the variable that names
        the model. ``sent`` is the request's usage, for servers whose answer does not state
        any. A server's Retry-After is respected exactly. Raises the ``ProviderError`` of
        the last attempt, or of the first permanent one, and what a rate limiter raises.
        """
        context = CallContext(self.host, model, setting)
        attempt = 1
        while True:
            for limiter in self._rate_limiters:
                limiter.wait(self.provider)
            outcome = self._call_once(context, call, read, sent)
            if not isinstance(outcome, ProviderError):
                return outcome
            wait = self._wait_before_retry(outcome, attempt)
            if wait is None:
                raise outcome
            attempt += 1
            _log.warning("%s Attempt %d of %d in %.1f s.", outcome, attempt, self._attempts, wait)
            time.sleep(wait)

    def announced_shutdown(self, model: str, setting: str) -> date | None:
        """Ask the server about ``model``: its ``shutdown_date``, or None when it states none.

        Also the cheapest proof that key, URL and model are right: no tokens are used. OpenAI
        states the field (its "Deprecations" page, 2026); most other servers do not.
        """
        notice = self.call(
            model,
            setting,
            lambda api: api.models.with_raw_response.retrieve(model).content,
            lambda body: parse_answer(_ModelNotice, body, self.host),
        )
        return notice.shutdown_date

    def _call_once(
        self,
        context: CallContext,
        call: Callable[[OpenAI], bytes],
        read: Callable[[bytes], Answer],
        sent: Usage,
    ) -> Answer | ProviderError:
        # Errors are returned, not raised, so that no traceback shows the SDK's error and with it
        # a server's words about the key.
        try:
            body = call(self._client)
            # An unusable answer is charged as well.
            self._meter.add(f"{self.provider}/{context.model}", usage_in(body, sent))
            return read(body)
        except OpenAIError as error:
            return provider_error(error, context, self._secret)
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


class _ModelNotice(BaseModel):
    id: str
    shutdown_date: date | None = None


def parse_answer(
    schema: type[Wire], body: bytes | str, host: str, hint: str = "check OPENAI_BASE_URL"
) -> Wire:
    """Read a JSON answer by its schema; raise ``ProviderAnswerError`` when it does not match.

    ``hint`` says what to do when a retry does not help.
    """
    problem: str
    try:
        return schema.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        problem = f"{where}: {first['msg']}" if where else first["msg"]
    raise ProviderAnswerError(
        f"{host} returned an unusable answer ({problem[:200]}); try again, or {hint}."
    )


def _usable_key(api_key: SecretStr) -> str:
    secret = api_key.get_secret_value()
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise SettingsError(
            "OPENAI_API_KEY is empty or contains a space, a line break or an invalid character; "
            "set it to the key alone."
        )
    return secret


def _host_and_port(url: str) -> tuple[str, str]:
    """Return ``host`` and ``host[:port]`` of a URL, without user name or password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise SettingsError(
            "OPENAI_BASE_URL is not a valid URL; expected e.g. http://host:8000/v1."
        )
    return host, host if port is None else f"{host}:{port}"
