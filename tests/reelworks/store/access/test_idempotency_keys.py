"""A repeated request gets the response to the first one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from reelworks.errors import BusyError, IdempotencyKeyReusedError
from reelworks.store.access.idempotency_keys import (
    ClaimedKey,
    KeyedRequest,
    StoredResponse,
    claim_key,
    delete_expired_keys,
    release_key,
    store_response,
)
from reelworks.store.db.database import transaction

REQUEST = KeyedRequest("ann", "key-1", "digest")


@pytest.fixture(autouse=True)
def no_keys(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("TRUNCATE idempotency_keys"))


def later(engine: Engine, interval: str) -> None:
    """Let time pass for every key."""
    with transaction(engine) as connection:
        connection.execute(
            text("UPDATE idempotency_keys SET created_at = created_at - CAST(:one AS interval)"),
            {"one": interval},
        )


def test_the_first_request_claims_and_others_get_its_response(engine: Engine) -> None:
    assert isinstance(claim_key(engine, REQUEST), ClaimedKey)
    with pytest.raises(BusyError):
        claim_key(engine, REQUEST)
    store_response(engine, REQUEST, 202, {"id": "j"})
    assert claim_key(engine, REQUEST) == StoredResponse(202, {"id": "j"})


def test_a_key_is_one_caller_s_and_stands_for_one_request(engine: Engine) -> None:
    claim_key(engine, REQUEST)
    assert isinstance(claim_key(engine, replace(REQUEST, caller="bob")), ClaimedKey)
    with pytest.raises(IdempotencyKeyReusedError):
        claim_key(engine, replace(REQUEST, fingerprint="another"))


def test_a_request_that_died_is_done_again_from_the_same_moment(engine: Engine) -> None:
    claim_key(engine, REQUEST)
    later(engine, "2 minutes")
    first = claim_key(engine, REQUEST)
    again = claim_key(engine, REQUEST)
    assert isinstance(first, ClaimedKey)
    assert first == again


def test_a_refused_request_s_key_is_free_and_a_done_one_s_is_not(engine: Engine) -> None:
    claim_key(engine, REQUEST)
    release_key(engine, REQUEST)
    assert isinstance(claim_key(engine, replace(REQUEST, fingerprint="another")), ClaimedKey)
    store_response(engine, REQUEST, 200, {})
    release_key(engine, REQUEST)
    assert claim_key(engine, replace(REQUEST, fingerprint="another")) == StoredResponse(200, {})


def test_a_response_is_forgotten_after_a_day(engine: Engine) -> None:
    claim_key(engine, REQUEST)
    store_response(engine, REQUEST, 200, {})
    later(engine, "23 hours")
    assert delete_expired_keys(engine) == 0
    later(engine, "2 hours")
    assert isinstance(claim_key(engine, REQUEST), ClaimedKey)
    later(engine, "25 hours")
    assert delete_expired_keys(engine) == 1
