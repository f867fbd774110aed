"""Embedders by the full name of their model, as stored with vectors: ``provider/name@revision``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reelworks.domain.capabilities import Embedder
from reelworks.errors import ModelUnavailableError, ReelworksError, SettingsError
from reelworks.pipeline.capabilities import make_embedder
from reelworks.settings import Provider, Settings

_HOSTED_LENGTH = re.compile(r"(\d+)d")


def embedder_of(settings: Settings, model: str) -> Embedder | None:
    """Return the embedder whose model is called ``model``; None when it cannot run.

    ``model`` is ``provider/name@revision``. The settings name one embedder; others are made with
    the same keys: a local model by its name, and one of the configured server by name and length.
    """
    for values in ({}, *_candidate_settings(model)):
        try:
            made = make_embedder(settings.with_values(**values))
        except (SettingsError, ModelUnavailableError):
            continue
        if str(made.model) == model:
            return made
    return None


def embedder_named(settings: Settings, name: str) -> Embedder:
    """Return the embedder of a model by its full name, or by its name alone.

    Raises ``SettingsError`` when there is none.
    """
    found = embedder_of(settings, name)
    if found is not None:
        return found
    configured = make_embedder(settings)
    if name == configured.model.name:
        return configured
    try:
        return make_embedder(settings.with_values(**_local(name)))
    except ReelworksError as error:
        raise SettingsError(
            f"No embedding model is called {name}; name a local one, or set EMBED_PROVIDER and "
            "EMBED_MODEL to a hosted one and name that."
        ) from error


class QueryEmbedders(Mapping[str, Any]):
    """Functions that embed a query, by the model's full name, for every model that can run.

    They return None for a query in a script that the model cannot read.
    An embedder is made at the first lookup. Iterating gives those looked up so far.
    """

    def __init__(self, settings: Settings) -> None:
        """Use the keys and folders of ``settings``."""
        self._settings = settings
        self._made: dict[str, Embedder | None] = {}

    def __getitem__(self, model: str) -> Any:
        if model not in self._made:
            self._made[model] = embedder_of(self._settings, model)
        embedder = self._made[model]
        if embedder is None:
            raise KeyError(model)

        def embed(query: str) -> Sequence[float] | None:
            return embedder.embed([query])[0] if embedder.reads(query) else None

        return embed

    def __iter__(self) -> Iterator[str]:
        return (model for model, made in self._made.items() if made is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _candidate_settings(model: str) -> list[dict[str, Any]]:
    """Return the values of settings that may give a model's embedder."""
    provider, _, rest = model.partition("/")
    name, _, revision = rest.rpartition("@") if "@" in rest else (rest, "", "")
    if provider == "local":
        return [_local(name)]
    length = _HOSTED_LENGTH.fullmatch(revision)
    values: dict[str, Any] = {"embed_provider": Provider.OPENAI, "embed_model": name}
    return [values | ({"embed_dimensions": int(length[1])} if length else {})]


def _local(name: str) -> dict[str, Any]:
    return {"embed_provider": Provider.LOCAL, "embed_model": name}
