"""``reelworks token``: keys to the API from the command line."""

from __future__ import annotations

import pytest

from reelworks.store.access.tokens import find_token
from reelworks.store.db.database import create_database_engine


@pytest.mark.slow
def test_a_token_is_made_listed_and_revoked(reelworks, clean_settings):
    made = reelworks("token", "create", "newsroom", "--scope", "submit", "--days", "30", "--json")
    token = made.json["token"]
    engine = create_database_engine(clean_settings)
    found = find_token(engine, token)
    again = reelworks("token", "create", "newsroom", "--scope", "read")
    listed = reelworks("token", "list")
    revoked = reelworks("token", "revoke", "newsroom")
    twice = reelworks("token", "revoke", "newsroom")

    assert found is not None
    assert found.scopes == ("submit",)
    assert (found.expires_at - found.created_at).days == 30
    assert again.code == 3
    assert "choose another name" in again.err
    assert "newsroom" in listed.out
    assert token not in listed.out
    assert revoked.code == 0
    assert (twice.code, twice.out) == (
        8,
        "Nothing was changed: the token newsroom is revoked already.\n",
    )
    assert find_token(engine, token) is None
    engine.dispose()
