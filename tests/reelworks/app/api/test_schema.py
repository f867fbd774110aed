"""schemathesis: what the OpenAPI document promises is what the server does."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import CHECKS, load_all_checks

from reelworks.domain.library.access import Scope
from reelworks.store.access.tokens import create_token

STREAM = "/jobs/{job_id}/events"
"""Stays open on purpose."""
load_all_checks()
MAY_BE_REFUSED = CHECKS.get_one("positive_data_acceptance")
"""A schema cannot say that a search needs a word, or which cursors were given out."""
SERVER_ERROR = CHECKS.get_one("not_a_server_error")
"""Not for health, whose 503 is an answer. All others document their 5xx, and must not need one."""
HEALTH = {"/readyz", "/healthz"}
BOUNDED = hypothesis_settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def matters(failure: Exception) -> bool:
    """Tell whether what was accepted is really wrong.

    A wrong body must be refused. A wrong query may be a right one by the time it is an address: an
    empty list is nothing there, of two values of one name the last counts, and names that nothing
    knows are passed over.
    """
    body = str(failure)
    return "Schema-violating request accepted" not in body or "body" in body


def broken_promises(operation, mode, url, headers):
    """Try one operation, and return what it answered that its document does not promise."""
    excluded = [MAY_BE_REFUSED, *([SERVER_ERROR] if operation.path in HEALTH else [])]

    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case):
        case.call_and_validate(base_url=url, headers=headers, excluded_checks=excluded)

    try:
        check()
    except Unsatisfiable:  # nothing can be wrong with a request that has no parts
        return []
    except BaseExceptionGroup as errors:
        return [str(one) for one in errors.exceptions if matters(one)]
    except AssertionError as error:
        return [str(error)] if matters(error) else []
    return []


@pytest.mark.slow
@pytest.mark.filterwarnings(  # the server shares this process and may use `random` at any time
    "ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning"
)
@pytest.mark.parametrize("generation", ["positive", "negative"])
def test_responses_match_the_schema(open_server, dispatcher, generation):
    token = create_token(open_server.engine, f"schema {generation}", [Scope.ADMIN])
    headers = {"Authorization": f"Bearer {token}"}
    document = open_server.as_(token).get("/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    mode = schemathesis.GenerationMode(generation)
    broken = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path != STREAM:
            broken[operation.label] = broken_promises(operation, mode, open_server.url, headers)
    broken = {name: said for name, said in broken.items() if said}
    assert not broken, "\n\n".join(f"{name}: {said}" for name, said in broken.items())
