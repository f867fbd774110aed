"""API tokens: made once, found by their secret while they are valid."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.library.access import Scope
from reelworks.errors import ConflictError, InputError
from reelworks.store.access.tokens import (
    PREFIX,
    any_token,
    create_token,
    find_token,
    list_tokens,
    revoke_token,
)
from reelworks.store.db.database import transaction


@pytest.fixture(autouse=True)
def no_tokens(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("TRUNCATE tokens"))


def test_a_token_is_found_by_its_secret_alone_and_its_use_is_noted(engine: Engine) -> None:
    secret = create_token(engine, "ann", [Scope.SUBMIT, Scope.READ, Scope.READ])
    assert secret.startswith(PREFIX)
    found = find_token(engine, secret)
    assert found is not None
    assert (found.name, found.scopes) == ("ann", (Scope.READ, Scope.SUBMIT))
    assert list_tokens(engine)[0].used_at is not None
    for other in ("", "ann", secret + "x", secret[:-1], "\ud800"):
        assert find_token(engine, other) is None


def test_only_the_digest_of_a_secret_is_stored(engine: Engine) -> None:
    secret = create_token(engine, "ann", [Scope.READ])
    with transaction(engine) as connection:
        row = connection.execute(text("SELECT CAST(tokens AS text) FROM tokens")).scalar_one()
    assert secret.removeprefix(PREFIX) not in row


def test_a_token_ends_when_it_is_revoked_or_its_time_is_over(engine: Engine) -> None:
    revoked = create_token(engine, "revoked", [Scope.READ])
    short = create_token(engine, "short", [Scope.READ], lifetime=timedelta(seconds=-1))
    long = create_token(engine, "long", [Scope.READ], lifetime=timedelta(hours=1))
    revoke_token(engine, "revoked")
    first = list_tokens(engine)[1].revoked_at
    revoke_token(engine, "revoked")

    assert [find_token(engine, one) is not None for one in (revoked, short, long)] == [
        *(False, False, True)
    ]
    assert [one.name for one in list_tokens(engine)] == ["long", "revoked", "short"]
    assert list_tokens(engine)[1].revoked_at == first
    assert any_token(engine)
    revoke_token(engine, "long")
    assert not any_token(engine)


@pytest.mark.parametrize(
    ("name", "scopes"), [("", [Scope.READ]), (" ", [Scope.READ]), ("a\nb", [Scope.READ]), ("a", [])]
)
def test_a_token_has_a_name_and_a_scope(engine: Engine, name: str, scopes: list[Scope]) -> None:
    with pytest.raises(InputError, match="name and a scope"):
        create_token(engine, name, scopes)


def test_a_name_is_given_once_and_an_unknown_one_is_not_revoked(engine: Engine) -> None:
    create_token(engine, "ann", [Scope.READ])
    revoke_token(engine, "ann")
    with pytest.raises(ConflictError, match="ann"):
        create_token(engine, "ann", [Scope.READ])
    with pytest.raises(InputError, match="nobody"):
        revoke_token(engine, "nobody")
