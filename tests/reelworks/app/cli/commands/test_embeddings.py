"""``reelworks embeddings`` and its commands."""

from __future__ import annotations

import pytest


@pytest.mark.slow
def test_embeddings_are_built_and_shown(reelworks, library):
    assert "no vectors yet" in reelworks("embeddings").out
    said = reelworks("embeddings", "build", "minilm-l6-v2-int8")
    assert said.code == 0, said.err
    assert "Computed the vectors of 3 videos" in said.out
    (state,) = reelworks("embeddings", "--json").json
    assert (state["live"], state["rows"], state["missing"], state["complete"]) == (True, 3, 0, 1.0)
    said = reelworks("embeddings", "switch", "nothing-of-ours")
    assert said.code == 3
    assert "has no vectors of nothing-of-ours; it has: local/minilm" in said.err
