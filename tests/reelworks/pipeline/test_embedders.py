"""Embedders by the name of their model, as rows and users have it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reelworks.errors import SettingsError
from reelworks.pipeline.embedders import QueryEmbedders, embedder_named, embedder_of
from reelworks.settings import Settings

HOSTED = {
    "embed_provider": "openai",
    "embed_model": "text-embedding-3-small",
    "openai_api_key": "sk-none",
}


def settings(models_dir: Path, **values: Any) -> Settings:
    return Settings(_env_file=None, models_dir=models_dir, **values)


def test_the_local_model_is_known_by_its_full_name_and_by_its_own(models_dir: Path) -> None:
    local = settings(models_dir)
    named = embedder_named(local, "minilm-l6-v2-int8")
    full = embedder_of(local, str(named.model))
    assert full is not None
    assert (full.model, full.dimensions) == (named.model, 384)
    assert embedder_of(local, "local/minilm-l6-v2-int8@of-another-release") is None


def test_a_hosted_model_is_known_with_its_length_and_the_local_one_beside_it(
    models_dir: Path,
) -> None:
    hosted = settings(models_dir, **HOSTED)
    short = embedder_of(hosted, "openai/text-embedding-3-small@256d")
    assert short is not None
    assert short.dimensions == 256
    assert embedder_of(hosted, "openai/text-embedding-3-large@3072d") is not None
    assert embedder_named(hosted, "text-embedding-3-small").dimensions == 1536
    assert embedder_named(hosted, "minilm-l6-v2-int8").dimensions == 384


def test_without_a_key_a_hosted_model_cannot_run(models_dir: Path) -> None:
    local = settings(models_dir)
    assert embedder_of(local, "openai/text-embedding-3-small@1536d") is None
    with pytest.raises(SettingsError, match="No embedding model is called nope"):
        embedder_named(local, "nope")


def test_queries_are_embedded_by_every_model_that_can_run(models_dir: Path) -> None:
    local = settings(models_dir)
    model = str(embedder_named(local, "minilm-l6-v2-int8").model)
    embedders = QueryEmbedders(local)
    assert len(embedders) == 0
    assert len(embedders[model]("a red car")) == 384
    assert embedders[model]("🎬") is None, "the model cannot read it"
    with pytest.raises(KeyError):
        embedders["openai/text-embedding-3-small@1536d"]
    assert list(embedders) == [model]
