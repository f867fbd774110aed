"""Digests and cache keys."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which model made something: who serves it, its name, and the revision of its weights."""

    provider: str
    name: str
    revision: str = ""

    def __str__(self) -> str:
        """Return ``provider/name@revision``, the form stored in rows and shown to people."""
        tail = f"@{self.revision}" if self.revision else ""
        return f"{self.provider}/{self.name}{tail}"


def sha256_of_bytes(data: bytes) -> str:
    """Return the SHA-256 of ``data`` as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hex digits, read in blocks of 1 MiB."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def cache_key(
    stage: str,
    version: int,
    *,
    inputs: Mapping[str, str],
    params: Mapping[str, Any],
    model: ModelRef | None = None,
) -> str:
    """Return the cache key of one call of one stage.

    ``inputs`` maps a name to a content digest; ``params`` holds JSON values only. Paths, times
    and source text do not belong there: the same call must give the same key on any machine.
    """
    call = {
        "stage": stage,
        "version": version,
        "inputs": dict(inputs),
        "params": dict(params),
        "model": str(model) if model else None,
    }
    canonical = json.dumps(call, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256_of_bytes(canonical.encode())
