"""Scopes include those before them; a token is its name, and the local user owns nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reelworks.domain.library.access import ANONYMOUS, LOCAL, Caller, Scope, Token

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("granted", "allowed"),
    [
        ((), set()),
        ((Scope.READ,), {Scope.READ}),
        ((Scope.SUBMIT,), {Scope.READ, Scope.SUBMIT}),
        ((Scope.ADMIN,), set(Scope)),
        ((Scope.READ, Scope.ADMIN), set(Scope)),
    ],
)
def test_a_scope_includes_those_before_it(granted: tuple[Scope, ...], allowed: set[Scope]) -> None:
    assert {scope for scope in Scope if scope.is_in(granted)} == allowed


def test_a_caller_owns_what_its_token_added_and_nothing_without_one() -> None:
    ann = Caller("ann", (Scope.SUBMIT,))
    assert ann.is_owner("ann")
    assert not ann.is_owner("bob")
    assert not ann.is_owner(None)
    for nameless in (ANONYMOUS, LOCAL):
        assert not nameless.is_owner("")
        assert not nameless.is_owner(None)
    assert (LOCAL.is_admin, ANONYMOUS.is_admin, ann.is_admin) == (True, False, False)


@pytest.mark.parametrize(
    ("expires", "revoked", "valid"),
    [
        (None, None, True),
        (NOW + HOUR, None, True),
        (NOW, None, False),
        (NOW - HOUR, None, False),
        (None, NOW - HOUR, False),
    ],
)
def test_a_token_is_valid_until_it_expires_or_is_revoked(
    expires: datetime | None, revoked: datetime | None, valid: bool
) -> None:
    token = Token("t", (Scope.READ,), NOW - HOUR, expires, revoked, None)
    assert token.is_valid(NOW) is valid
