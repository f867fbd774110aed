"""Limiters apply inside their block, together with those around it."""

from __future__ import annotations

import pytest

from reelworks.domain.rate_limit import rate_limited, rate_limiters


class Counter:
    def __init__(self) -> None:
        self.providers: list[str] = []

    def wait(self, provider: str) -> None:
        self.providers.append(provider)


def test_limiters_nest_and_end_with_their_block() -> None:
    outer, inner = Counter(), Counter()
    with rate_limited(outer):
        with rate_limited(inner):
            assert rate_limiters() == (outer, inner)
        assert rate_limiters() == (outer,)
    assert rate_limiters() == ()


def test_an_error_ends_the_limit_as_well() -> None:
    with pytest.raises(ZeroDivisionError), rate_limited(Counter()):
        _ = 1 / 0
    assert rate_limiters() == ()
