"""The Prefect server, when it goes away while a run goes on.

Prefect's client waits for it at every call of its own: for tags, states and logs, one after the
other. So only the first call waits; once that gave up, the rest of the run asks once.
"""

from __future__ import annotations

import os

import httpx
from prefect.client.orchestration import get_client
from prefect.context import refresh_global_settings_context

from reelworks.errors import ReelworksError

GONE = "The Prefect server does not answer."

_RETRIES = "PREFECT_CLIENT_MAX_RETRIES"
_as_set = os.environ.get(_RETRIES)


def is_prefect_unreachable(error: BaseException) -> bool:
    """Tell whether an error is that of a call to the Prefect server which got no answer."""
    if isinstance(error, ReelworksError):
        return False
    return isinstance(error, httpx.TransportError) or isinstance(
        error.__cause__, httpx.TransportError
    )


def was_given_up() -> bool:
    """Tell whether the server did not come back in this run."""
    return os.environ.get(_RETRIES) == "0" != _as_set


async def probe_prefect() -> None:
    """Wait here for a server that is away, before the run's end makes Prefect ask many times."""
    async with get_client() as client:
        try:
            await client.hello()
        except httpx.TransportError:
            disable_prefect_retries()


def restore_prefect_retries() -> None:
    """Let Prefect's client wait for its server as long as the environment said at first."""
    if os.environ.get(_RETRIES) != _as_set:
        _set_retries(_as_set)


def disable_prefect_retries() -> None:
    """Let Prefect's client ask its server once and go on."""
    _set_retries("0")


def _set_retries(number: str | None) -> None:
    if number is None:
        os.environ.pop(_RETRIES, None)
    else:
        os.environ[_RETRIES] = number
    refresh_global_settings_context()
