"""The model catalog is complete: sources, digests and licences."""

from __future__ import annotations

import re

import pytest

from reelworks.errors import SettingsError
from reelworks.models.runtime.catalog import catalog, find_model
from reelworks.settings import DEFAULT_MODELS, Provider


def test_every_file_is_pinned_by_digest_size_and_source() -> None:
    for model in catalog().values():
        assert model.licence in ("MIT", "Apache-2.0")
        assert model.memory_mb > 0
        for file in model.files:
            assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
            assert file.size > 0
            assert file.hub is not None or file.mirror
            if file.hub is not None:
                assert re.fullmatch(r"[0-9a-f]{40}", file.hub.revision)
            for part in file.mirror:
                assert re.fullmatch(r"[a-z0-9-]+==[0-9.]+", part.package)


def test_the_default_models_are_in_the_catalog() -> None:
    for capability in ("transcribe", "embed"):
        assert find_model(DEFAULT_MODELS[capability][Provider.LOCAL], capability)


def test_revision_is_the_digest_of_the_weights() -> None:
    assert find_model("whisper-base").revision == "d01c3014881c"


@pytest.mark.parametrize("name", ["whisper-huge", "minilm-l6-v2-int8"])
def test_a_wrong_name_is_answered_with_the_right_ones(name: str) -> None:
    with pytest.raises(SettingsError, match=f"'{name}'; choose whisper-base or whisper-tiny-en"):
        find_model(name, "transcribe")
