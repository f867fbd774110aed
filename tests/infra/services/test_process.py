"""A server is known by its id and its birth, and only it is ended."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from infra.services.files import last_lines
from infra.services.process import (
    Command,
    Process,
    current,
    is_alive,
    orphaned_processes,
    start,
    start_id_of,
    stop,
)
from reelworks.errors import ServiceError


def program(code: str, log: Path) -> Command:
    return Command([sys.executable, "-c", code], log, folder=log.parent)


def test_this_process_is_alive_and_another_with_its_id_is_not() -> None:
    assert is_alive(current())
    assert not is_alive(Process(os.getpid(), "another birth"))


def test_nothing_is_sent_to_a_process_that_took_over_an_id(tmp_path: Path) -> None:
    server = start(program("import time; time.sleep(60)", tmp_path / "log"))
    assert stop(Process(server.pid, "another birth"))
    assert is_alive(server)
    assert stop(server)


def test_a_stopped_server_leaves_no_zombie(tmp_path: Path) -> None:
    server = start(program("import time; time.sleep(60)", tmp_path / "log"))
    assert stop(server)
    assert not psutil.pid_exists(server.pid)


def test_a_zombie_counts_as_dead(tmp_path: Path) -> None:
    server = start(program("pass", tmp_path / "log"))
    psutil.Process(server.pid).wait(10)
    assert start_id_of(server.pid) is None


def test_a_deaf_server_is_killed(tmp_path: Path) -> None:
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('deaf', flush=True); time.sleep(60)"
    )
    server = start(program(code, tmp_path / "log"))
    while "deaf" not in last_lines(tmp_path / "log"):
        assert is_alive(server)
    assert not stop(server, patience=0.2)
    assert not is_alive(server)


def test_a_server_lives_in_a_session_of_its_own(tmp_path: Path) -> None:
    server = start(program("import time; time.sleep(60)", tmp_path / "log"))
    assert os.getsid(server.pid) == server.pid != os.getsid(0)
    stop(server, gently=signal.SIGKILL)


def test_orphans_are_found_by_folder_and_command(tmp_path: Path) -> None:
    server = start(program("import time; time.sleep(61.5)", tmp_path / "log"))
    assert orphaned_processes("61.5", tmp_path) == [server]
    assert orphaned_processes("61.5", tmp_path.parent) == []
    assert orphaned_processes("something else", tmp_path) == []
    stop(server)


def test_variables_are_laid_over_ours_and_none_removes_one(tmp_path: Path) -> None:
    code = "import os; print(os.environ.get('HOME'), os.environ['NEW'])"
    command = Command(
        [sys.executable, "-c", code], tmp_path / "log", environment={"HOME": None, "NEW": "new"}
    )
    psutil.Process(start(command).pid).wait(10)
    assert last_lines(tmp_path / "log") == "None new"


def test_a_missing_program_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"The program nothing cannot be started: No such file"):
        start(Command([str(tmp_path / "nothing")], tmp_path / "log"))
