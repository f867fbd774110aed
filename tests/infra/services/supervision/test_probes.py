"""Whether a process that runs is also at work."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.services.process import Command, Process, current, start, stop
from infra.services.supervision import heartbeats
from infra.services.supervision.probes import SILENT, is_stopped, part_answers, sign_of_life
from infra.services.supervision.state import Running, Service
from tests.infra.conftest import answering


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Process]:
    process = start(
        Command([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "log")
    )
    yield process
    stop(process)


@pytest.fixture
def deaf() -> Iterator[int]:
    """A port that accepts and never answers, as one of a frozen process."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_process_without_a_port_is_at_work_until_a_signal_freezes_it(sleeper: Process) -> None:
    running = Running(process=sleeper)
    assert part_answers(Service.DISPATCHER, running, 0)

    os.kill(sleeper.pid, signal.SIGSTOP)
    try:
        while not is_stopped(sleeper):
            pass
        assert not part_answers(Service.DISPATCHER, running, 0)
    finally:
        os.kill(sleeper.pid, signal.SIGCONT)


def test_a_process_that_is_gone_is_not_frozen() -> None:
    assert not is_stopped(Process(2**22 + 1, "none"))


@pytest.mark.parametrize("part", [Service.POSTGRES, Service.STORE, Service.PREFECT, Service.API])
def test_a_port_that_only_accepts_proves_nothing(part: Service, deaf: int) -> None:
    assert not part_answers(part, Running(process=current(), ports=(deaf,)), 0)


def test_any_answer_of_a_store_will_do_but_prefect_must_be_well() -> None:
    with answering(lambda *_: (403, b"")) as port:
        running = Running(process=current(), ports=(port,))
        assert part_answers(Service.STORE, running, 0)
        assert part_answers(Service.API, running, 0)
        assert not part_answers(Service.PREFECT, running, 0)


def test_a_heartbeat_is_the_sign_of_life_of_those_that_write_one(tmp_path: Path, deaf: int) -> None:
    one = Running(process=current())
    heartbeats.beat(tmp_path, "dispatcher")
    first = sign_of_life(tmp_path, Service.DISPATCHER, one)
    assert first == sign_of_life(tmp_path, Service.DISPATCHER, one)
    os.utime(heartbeats.heartbeat_file(tmp_path, "dispatcher"), (1, 1))
    assert sign_of_life(tmp_path, Service.DISPATCHER, one) != first

    silent = Running(process=current(), ports=(deaf,))
    assert sign_of_life(tmp_path, Service.WATCHDOG, one) != SILENT
    assert sign_of_life(tmp_path, Service.POSTGRES, silent) == SILENT
