"""The artifact store: the one place that talks to S3."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file in the store: where it lies and what its bytes are."""

    key: str
    sha256: str
    size: int
    etag: str
