"""A cancellation token: silent until it is cancelled, then an error at each check."""

from __future__ import annotations

import threading

import pytest

from reelworks.domain.jobs.cancellation import CancellationToken
from reelworks.errors import CancelledError


def test_a_token_that_nobody_cancelled_lets_work_go_on():
    token = CancellationToken("The stage scenes")

    token.check()
    assert not token.cancelled


def test_a_token_cancelled_in_one_thread_stops_the_work_of_another():
    token = CancellationToken("The stage scenes")
    canceller = threading.Thread(target=token.cancel)
    canceller.start()
    canceller.join()

    assert token.cancelled
    for _ in range(2):
        with pytest.raises(CancelledError, match="The stage scenes was stopped"):
            token.check()
