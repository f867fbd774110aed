"""What goes wrong between us and the Prefect server, as errors of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from reelworks.domain.printable import one_line
from reelworks.errors import ReelworksError, ServiceError


@contextmanager
def prefect_errors() -> Iterator[None]:
    """Turn the errors of Prefect's client into ``ServiceError``."""
    try:
        yield
    except httpx.HTTPError as error:
        raise _unanswered(error) from None
    except ReelworksError:
        raise
    except Exception as error:
        if isinstance(error.__cause__, httpx.HTTPError):  # what Prefect's own parts make of it
            raise _unanswered(error.__cause__) from None
        raise


def _unanswered(error: httpx.HTTPError) -> ServiceError:
    reason = one_line(str(error).partition("\n")[0]).rstrip(".") or type(error).__name__
    return ServiceError(
        f"The Prefect server does not answer ({reason}); check PREFECT_API_URL and run the "
        "same command again, finished stages are kept."
    )
