"""Authorization header for a Prefect server."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping

AUTH_STRING = "PREFECT_API_AUTH_STRING"
API_KEY = "PREFECT_API_KEY"
SERVER_AUTH_STRING = "PREFECT_SERVER_API_AUTH_STRING"
SERVER_DATABASE = "PREFECT_API_DATABASE_CONNECTION_URL"


def authorization(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the header that Prefect's own client would send with these variables.

    Basic for the auth string of a server, which goes first; bearer for the key of Prefect Cloud;
    empty when neither is set.
    """
    if secret := environment.get(AUTH_STRING):
        return basic(secret)
    if key := environment.get(API_KEY):
        return {"Authorization": f"Bearer {key}"}
    return {}


def basic(secret: str) -> dict[str, str]:
    """Return the header for the auth string of a Prefect server."""
    return {"Authorization": f"Basic {b64encode(secret.encode()).decode()}"}
