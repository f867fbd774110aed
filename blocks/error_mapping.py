"""Mapping of Prefect client errors to Reelworks errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from reelworks.domain.printable import one_line
from reelworks.errors import (
    PrefectRefusedError,
    PrefectUnavailableError,
    ReelworksError,
    ServiceError,
    exhausted,
)

REFUSALS = (401, 403)


@contextmanager
def prefect_errors() -> Iterator[None]:
    """Turn the errors of Prefect's client into ours.

    Raises ``PrefectUnavailableError`` for a server that is out of reach or in trouble, and
    ``PrefectRefusedError`` for one that refuses the key. What the server answers in good order,
    such as ``ObjectNotFound``, is left as it is.
    """
    try:
        yield
    except httpx.HTTPError as error:
        raise exhausted(error) or _ours(error) from None
    except ReelworksError:
        raise
    except Exception as error:
        from prefect.exceptions import ObjectNotFound  # Prefect reads its environment at import

        if isinstance(error, ObjectNotFound):
            raise
        if isinstance(error.__cause__, httpx.HTTPError):  # what Prefect's own parts make of it
            raise exhausted(error) or _ours(error.__cause__) from None
        raise


def _ours(error: httpx.HTTPError) -> ServiceError:
    if isinstance(error, httpx.HTTPStatusError) and error.response.status_code in REFUSALS:
        return PrefectRefusedError(
            f"The Prefect server refuses the key ({error.response.status_code}); set "
            "PREFECT_API_AUTH_STRING, or PREFECT_API_KEY for Prefect Cloud."
        )
    reason = one_line(str(error).partition("\n")[0]).rstrip(".") or type(error).__name__
    return PrefectUnavailableError(
        f"The Prefect server does not answer ({reason}); check PREFECT_API_URL and run the "
        "same command again; finished stages are not repeated."
    )
