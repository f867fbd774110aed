"""Prefect server outages during a run.

Prefect's client retries every call of its own: for tags, states and logs, one after the other. So
only the first call waits for the server; once it gave up, the rest of the run does not retry.
"""

from __future__ import annotations

import logging
import os

import httpx
from prefect.client.orchestration import get_client
from prefect.context import refresh_global_settings_context

from reelworks.errors import ReelworksError

GONE = "The Prefect server does not answer."

_RETRIES = "PREFECT_CLIENT_MAX_RETRIES"
_as_set = os.environ.get(_RETRIES)
_is_disabled = False

log = logging.getLogger(__name__)


def is_prefect_unreachable(error: BaseException) -> bool:
    """Tell whether an error is that of a call to a Prefect server which did not answer."""
    if isinstance(error, ReelworksError):
        return False
    return isinstance(error, httpx.TransportError) or isinstance(
        error.__cause__, httpx.TransportError
    )


def retries_disabled() -> bool:
    """Tell whether retries are disabled in this run because the server did not come back."""
    return os.environ.get(_RETRIES) == "0" != _as_set


async def probe_prefect() -> None:
    """Wait once for a server that is away, before the run's end makes many calls to it."""
    async with get_client() as client:
        try:
            await client.hello()
        except httpx.TransportError:
            disable_prefect_retries()
        except httpx.HTTPStatusError as error:  # it answers: the calls that follow find out
            log.info("The Prefect server answers a probe with %d.", error.response.status_code)


def restore_prefect_retries() -> None:
    """Let Prefect's client retry as often as the process's environment said at first.

    Another run of this process may have disabled them: its environment is gone by now, but not
    what Prefect read of it.
    """
    global _is_disabled  # noqa: PLW0603 - as global as Prefect's own setting
    if _is_disabled or os.environ.get(_RETRIES) != _as_set:
        _set_retries(_as_set)
    _is_disabled = False


def disable_prefect_retries() -> None:
    """Let Prefect's client call its server once and continue."""
    global _is_disabled  # noqa: PLW0603
    _is_disabled = True
    _set_retries("0")


def _set_retries(number: str | None) -> None:
    if number is None:
        os.environ.pop(_RETRIES, None)
    else:
        os.environ[_RETRIES] = number
    refresh_global_settings_context()
