"""The check of the watchdog: only where ``up`` keeps a process running, and only of a pinned one.

What it does when the watchdog dies or freezes is in ``test_watchdog.py``, with real ones.
"""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from infra.services.process import Process
from infra.services.supervision.heartbeats import Silence
from infra.services.supervision.programs import PINNED_BY_UP
from infra.services.supervision.state import Service, State, save_state
from infra.services.supervision.watchdog_check import _check_once, start_watchdog_check
from reelworks.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "run").mkdir()
    return Settings(_env_file=None, data_dir=tmp_path)


def checks() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "watchdog check"]


def test_a_process_that_up_does_not_keep_checks_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PINNED_BY_UP, raising=False)
    before = checks()

    start_watchdog_check(settings)

    assert checks() == before


def test_a_watchdog_that_was_stopped_on_purpose_is_not_started(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    state = State()
    state.note(Service.WATCHDOG, Process(1, "ended long ago"), ())  # not pinned: down unpins it
    save_state(settings.data_dir / "run", state)

    _check_once(settings, Silence())

    assert caplog.text == ""
    assert list((settings.data_dir / "run").iterdir()) == [
        settings.data_dir / "run" / "services.json"
    ]
