"""One process at a time starts and stops; a waiter that times out learns for which."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.services.process import is_alive
from infra.services.supervision import state
from infra.services.supervision.state import Service, locked, read_state
from infra.services.supervision.supervisor import running
from reelworks.errors import OutOfResourcesError, ServiceError
from reelworks.settings import Settings
from tests.support.frozen import frozen


@contextmanager
def holder(folder: Path) -> Iterator[int]:
    """A process that has the lock."""
    code = (
        "import sys; from pathlib import Path\n"
        "from infra.services.supervision.state import locked\n"
        "with locked(Path(sys.argv[1])): print('has it', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "has it\n"
    with process:
        yield process.pid


def test_a_lock_that_a_frozen_process_holds_is_waited_for_in_vain_and_named(
    house: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = house.data_dir / "run"
    monkeypatch.setattr(state, "LOCK_SECONDS", 0.5)
    with (
        holder(run) as pid,
        frozen(pid),
        pytest.raises(ServiceError, match=rf"The process {pid} has held the lock {run}/lock"),
        running(house, (Service.POSTGRES,)),
    ):
        pass
    with locked(run):
        pass


def test_who_may_open_no_file_takes_nothing_for_dead(house: Settings) -> None:
    code = """
import resource, sys
from infra.services.process import current, is_alive
from infra.services.supervision.state import read_state
from pathlib import Path
from reelworks.errors import ReelworksError
me = current()
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
for look in (lambda: is_alive(me), lambda: read_state(Path(sys.argv[1]))):
    try:
        print(look())
    except ReelworksError as error:
        print(error.code)
"""
    with running(house, (Service.POSTGRES,)):
        run = house.data_dir / "run"
        done = subprocess.run(
            [sys.executable, "-c", code, str(run)], capture_output=True, text=True, check=True
        )
        assert is_alive(read_state(run).parts[Service.POSTGRES].process)
    assert done.stdout.split() == [OutOfResourcesError.code] * 2, done.stderr
