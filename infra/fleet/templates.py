"""Base job templates: the default of a worker type, with the patches of our pools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from prefect.workers.base import BaseWorker

from infra.fleet.plan import DOCKER, HEARTBEAT, Pool
from reelworks.errors import SettingsError

FOLDER = Path(__file__).parents[1] / "pools"
"""``{pool}.json``: a JSON merge patch (RFC 7386) on the default of the pool's type."""

CONNECTIONS = (
    *("DATABASE_URL", "S3_ENDPOINT_URL", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"),
    *("S3_REGION", "S3_BUCKET", "OPENAI_API_KEY", "OPENAI_BASE_URL"),
    *("TRANSCRIBE_PROVIDER", "TRANSCRIBE_MODEL", "VISION_PROVIDER", "VISION_MODEL"),
    *("EMBED_PROVIDER", "EMBED_MODEL"),
)
"""Variables that a container of a run gets from the worker that starts it."""


def job_template(pool: Pool) -> dict[str, Any] | None:
    """Return a pool's base job template; None when no installed package knows its type.

    Raises ``SettingsError`` for a patch of ours that is no JSON object.
    """
    worker = BaseWorker.get_worker_class_from_type(pool.type)
    if worker is None:
        return None
    default = worker.get_default_base_job_template()
    variables = HEARTBEAT | (_handed_on() if pool.type == DOCKER else {})
    ours = {"variables": {"properties": {"env": {"default": variables}}}}
    made = merged(merged(default, ours), _patch(FOLDER / f"{pool.name}.json"))
    assert isinstance(made, dict)  # noqa: S101  # a patch that is an object leaves an object
    return made


def _handed_on() -> dict[str, str]:
    """Return the connections as Prefect's templates name a variable of the worker.

    The worker fills them in when it starts a container, so no secret lies on the server; those that
    it lacks are empty, which counts as unset.
    """
    return {name: f"{{{{ ${name} }}}}" for name in CONNECTIONS}


def remedy(pool: Pool) -> str:
    """Say how to get the type of a pool that no installed package knows."""
    package = "prefect-docker" if pool.type == DOCKER else "reelworks"
    return (
        f"The pool {pool.name} is of the type {pool.type}, which no installed package provides: "
        f"pip install {package}"
    )


def merged(value: Any, patch: Any) -> Any:
    """Return ``value`` with a JSON merge patch applied (RFC 7386): null removes a name."""
    if not isinstance(patch, dict):
        return patch
    result = dict(value) if isinstance(value, dict) else {}
    for name, part in patch.items():
        if part is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), part)
    return result


def _patch(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise SettingsError(f"The pool template {path} is not valid JSON: {error}.") from None
    if not isinstance(found, dict):
        raise SettingsError(f"The pool template {path} must be a JSON object.")
    return found
