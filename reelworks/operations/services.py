"""Connections that use cases share."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from reelworks.settings import Settings
from reelworks.store.objects.artifacts import ArtifactStore


@dataclass(frozen=True, slots=True)
class Services:
    """Settings, database and object store of one library."""

    settings: Settings
    engine: Engine
    store: ArtifactStore
