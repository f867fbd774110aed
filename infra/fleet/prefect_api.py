"""Calls of a Prefect server's REST API with a deadline and one kind of error.

For checks only: what runs flows uses Prefect's own client, which waits for a server that is away.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from infra.services.prefect.auth import authorization
from infra.services.s3.probe import is_local
from reelworks.domain.printable import one_line


@dataclass(frozen=True, slots=True)
class ServerFault:
    """A fault of a Prefect server and its remedy, one sentence each."""

    finding: str
    remedy: str

    def __str__(self) -> str:
        """Return both sentences."""
        return f"{self.finding} {self.remedy}"


class ServerFaultError(Exception):
    """Carries a fault out of a conversation with the server."""

    def __init__(self, fault: ServerFault) -> None:
        super().__init__(str(fault))
        self.fault = fault


START = "Start the Prefect server and check PREFECT_API_URL."
KEY = "Set PREFECT_API_AUTH_STRING, or PREFECT_API_KEY for Prefect Cloud."
NO_DATABASE = ServerFault(
    "The Prefect server cannot reach its database.",
    "Start that database and check its name and password in the server's "
    "PREFECT_API_DATABASE_CONNECTION_URL.",
)


@dataclass(slots=True)
class PrefectApi:
    """One conversation with a Prefect server, which ends at ``deadline``."""

    api_url: str
    client: httpx.Client
    deadline: float

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.monotonic()

    def post(self, path: str, wanted: Mapping[str, Any]) -> Any:
        """Return what the server answers to a POST. Raises ``ServerFaultError``."""
        return self.read("POST", path, json=dict(wanted))

    def read(self, method: str, path: str, **more: Any) -> Any:
        """Return the JSON that the server answers. Raises ``ServerFaultError``."""
        try:
            return self.call(method, path, **more).json()
        except ValueError:
            raise ServerFaultError(
                ServerFault(f"{self.api_url} is not a Prefect server.", START)
            ) from None

    def call(
        self, method: str, path: str, passed: tuple[int, ...] = (), **more: Any
    ) -> httpx.Response:
        """Make one call. Raises ``ServerFaultError`` for what is no success nor in ``passed``."""
        try:
            answer = self.client.request(method, path, timeout=max(0.05, self.left), **more)
        except httpx.HTTPError as error:
            reason = one_line(str(error)).rstrip(".") or type(error).__name__
            raise ServerFaultError(
                ServerFault(f"{self.api_url} cannot be reached ({reason}).", START)
            ) from None
        if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise ServerFaultError(
                ServerFault(f"{self.api_url} refuses the key ({answer.status_code}).", KEY)
            )
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ServerFaultError(NO_DATABASE)
        if answer.is_error and answer.status_code not in passed:
            raise ServerFaultError(
                ServerFault(f"{self.api_url} answers {answer.status_code}.", START)
            )
        return answer


@contextmanager
def prefect_api(
    api_url: str, seconds: float, environment: Mapping[str, str]
) -> Iterator[PrefectApi]:
    """Talk to the server at ``api_url`` for ``seconds`` at most."""
    with httpx.Client(
        base_url=f"{api_url.rstrip('/')}/",
        headers=authorization(environment),
        trust_env=not is_local(api_url),  # no proxy leads to this machine
    ) as client:
        yield PrefectApi(api_url, client, time.monotonic() + seconds)
