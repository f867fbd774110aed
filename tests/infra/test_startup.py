"""A program of ours can be stopped from its first line on, and may open many files."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reelworks.settings import Settings
from tests.support.flows.runs import as_environment

pytestmark = pytest.mark.slow


STOPPED = 130
COMMANDS = {
    "list": ("reelworks.app.cli", "list"),
    "search": ("reelworks.app.cli", "search", "anything"),
    "api": ("reelworks.app", "--port", "0"),
    "dispatcher": ("reelworks.app.dispatcher",),
    "runner": ("flows.serve",),
}
GRACEFUL = {"api": {0, STOPPED}, "dispatcher": {0, STOPPED}, "runner": {0, STOPPED}}
"""A server that runs already ends in its own way; a command that was quicker has ended well."""
MOMENTS = 3
LATEST = 2.7
"""Seconds by which all of a program's imports are behind it."""


@pytest.fixture
def environment(clean_settings: Settings, prefect_api: str) -> dict[str, str]:
    return os.environ | as_environment(clean_settings) | {"PREFECT_API_URL": prefect_api}


@contextmanager
def started(name: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A program whose own first line has run; what comes before it is the interpreter's."""
    process = subprocess.Popen(
        [sys.executable, "-m", *COMMANDS[name]],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 30
        while not catches(process.pid, signal.SIGTERM):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.001)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def catches(pid: int, number: signal.Signals) -> bool:
    """Tell whether a process has a handler of its own for a signal."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False


def stop(name: str, environment: dict[str, str], number: int, seconds: float) -> None:
    """Stop a program some seconds after its first line, and see how it ends."""
    with started(name, environment) as process:
        time.sleep(seconds)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    report = f"{name} after {seconds:.2f} s by {number}: {process.returncode}\n{out}\n{err}"
    assert "Traceback" not in err, report
    assert "Exception ignored" not in err, report
    assert process.returncode in GRACEFUL.get(name, {0, STOPPED}), report
    if process.returncode == STOPPED:
        assert err.rstrip().splitlines()[-1].startswith("Stopped."), report


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_program_that_has_just_started_stops_in_one_word(
    name: str, number: signal.Signals, environment: dict[str, str]
) -> None:
    for seconds in (0.0, 0.3):
        stop(name, environment, number, seconds)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_program_stops_at_any_moment_without_a_trace(
    name: str, number: signal.Signals, environment: dict[str, str]
) -> None:
    """Each case has moments of its own, so that together they lie close."""
    case = list(COMMANDS).index(name) * 2 + (number == signal.SIGTERM)
    cases = len(COMMANDS) * 2
    for moment in range(MOMENTS):
        stop(name, environment, number, LATEST * (moment + case / cases) / MOMENTS)


def test_a_program_that_is_to_ignore_ctrl_c_goes_on(environment: dict[str, str]) -> None:
    quiet = "import signal, os, sys; signal.signal(signal.SIGINT, signal.SIG_IGN)"
    code = (
        f"{quiet}; from infra.startup import begin, stop_by_raising; begin(); stop_by_raising(); "
        "os.kill(os.getpid(), signal.SIGINT); print('continues')"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout == "continues\n"


@pytest.mark.parametrize(
    ("number", "before"),
    [
        ("SIGINT", ""),
        ("SIGTERM", ""),
        ("SIGTERM", "signal.signal(signal.SIGINT, signal.SIG_IGN)"),  # as nohup's children have it
    ],
)
def test_a_signal_that_meets_a_callback_of_the_interpreter_is_not_lost(
    number: str, before: str
) -> None:
    code = f"""
import signal, time, weakref
from infra.startup import stop_by_raising
{before}
stop_by_raising()
class Thing: pass
thing = Thing()
watch = weakref.ref(thing, lambda _: signal.raise_signal(signal.{number}))
try:
    del thing  # what a callback raises is lost
    time.sleep(10)
except KeyboardInterrupt:
    print("stopped")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("stopped\n", "")


def test_a_program_may_open_as_many_files_as_it_is_allowed_to() -> None:
    code = (
        "import resource; from infra.startup import begin; begin(); "
        "print(*resource.getrlimit(resource.RLIMIT_NOFILE))"
    )

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 512))

    done = subprocess.run(
        [sys.executable, "-c", code], preexec_fn=few, capture_output=True, text=True, check=True
    )

    assert done.stdout == "512 512\n"
