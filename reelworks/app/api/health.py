"""Whether the parts beneath answer."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
from sqlalchemy import text

from infra.services.prefect_auth import authorization
from reelworks.app.api.context import Api
from reelworks.errors import ReelworksError
from reelworks.store.claims import has_intake
from reelworks.store.database import transaction

_PATIENCE = 5.0
_OK = 200


def faults(api: Api) -> dict[str, str]:
    """Return what is wrong, by part; empty when all is well. Waits for some seconds at most."""
    parts: dict[str, Callable[[Api], str | None]] = {
        "postgres": _postgres,
        "store": _store,
        "prefect": _prefect,
        "intake": _intake,
    }
    with ThreadPoolExecutor(len(parts), thread_name_prefix="health") as pool:
        found = dict(zip(parts, pool.map(lambda part: part(api), parts.values()), strict=True))
    return {part: reason for part, reason in found.items() if reason}


def _postgres(api: Api) -> str | None:
    try:
        with transaction(api.engine) as connection:
            connection.execute(text("SELECT 1 FROM jobs LIMIT 1"))
    except ReelworksError as error:
        return str(error)
    return None


def _store(api: Api) -> str | None:
    try:
        api.store.check()
    except ReelworksError as error:
        return str(error)
    return None


def _prefect(api: Api) -> str | None:
    address = api.settings.prefect_api_url
    if address is None:
        return None
    try:
        answer = httpx.get(
            f"{address.rstrip('/')}/health", timeout=_PATIENCE, headers=authorization()
        )
    except httpx.HTTPError as error:
        return f"The Prefect server does not answer ({type(error).__name__})."
    return None if answer.status_code == _OK else f"Prefect answers {answer.status_code}."


def _intake(api: Api) -> str | None:
    try:
        there = has_intake(api.engine)
    except ReelworksError:
        return None  # PostgreSQL is down, which is told already
    return None if there else "No intake takes jobs: start one with python -m reelworks.app.intake."
