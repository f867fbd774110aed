"""A model's threads stand back where the system lets single threads do so."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from reelworks.models.runtime.threads import BACKGROUND, load_in_background, set_omp_passive


def _nice() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@pytest.mark.skipif(sys.platform != "linux", reason="a thread's own priority is Linux's")
def test_threads_that_a_model_starts_run_at_low_priority_and_the_caller_as_before() -> None:
    before = _nice()

    def load() -> int:
        found: list[int] = []
        inner = threading.Thread(target=lambda: found.append(_nice()))
        inner.start()
        inner.join()
        return found[0]

    assert load_in_background(load) == max(before, BACKGROUND)
    assert _nice() == before


def test_an_error_while_loading_reaches_the_caller() -> None:
    def load() -> None:
        raise ValueError("no such weights")

    with pytest.raises(ValueError, match="no such weights"):
        load_in_background(load)


def test_a_users_own_openmp_policy_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    set_omp_passive()
    assert os.environ["OMP_WAIT_POLICY"] == "active"
    monkeypatch.delenv("OMP_WAIT_POLICY")
    set_omp_passive()
    assert os.environ["OMP_WAIT_POLICY"] == "passive"
