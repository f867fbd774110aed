"""Subprocesses: their output, failures and timeouts."""

from __future__ import annotations

import os
import sys
import time

import pytest

from reelworks.errors import CancelledError, NoSpaceError, ProcessError, StageTimeoutError
from reelworks.media.process import run_process

SLEEP = "import os,time; print(os.getpid(), flush=True); time.sleep(60)"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_lines_of_both_streams_arrive_in_order_and_stderr_is_returned() -> None:
    out: list[str] = []
    err: list[str] = []
    code = "import sys; print('a'); print('b'); print('c', file=sys.stderr)"
    result = run_process(python(code), on_line=out.append, on_error_line=err.append)
    assert (out, err, result.tail) == (["a", "b"], ["c"], "c")


def test_stdin_is_closed() -> None:
    lines: list[str] = []
    run_process(python("import sys; print(repr(sys.stdin.read()))"), on_line=lines.append)
    assert lines == ["''"]


def test_much_output_on_both_streams_does_not_block() -> None:
    code = "import sys\nfor i in range(20000): print('x' * 50); print(i, file=sys.stderr)"
    result = run_process(python(code), timeout=30)
    assert result.tail.splitlines()[-1] == "19999"
    assert len(result.tail.splitlines()) == 400


def test_no_shell_reads_the_arguments() -> None:
    lines: list[str] = []
    odd = "$(touch x); `id` 'quote\" \n line"
    run_process([*python("import sys; print(ascii(sys.argv[1]))"), odd], on_line=lines.append)
    assert lines == [ascii(odd)]


def test_failure_tells_the_program_its_code_and_what_it_said_last() -> None:
    with pytest.raises(ProcessError, match="ended with code 3: dear me") as caught:
        run_process(python("import sys; print('dear me', file=sys.stderr); sys.exit(3)"))
    assert caught.value.arguments[0] == sys.executable
    assert caught.value.tail == "dear me"


def test_missing_program_is_a_clear_error() -> None:
    with pytest.raises(ProcessError, match="no-such-program cannot be run"):
        run_process(["no-such-program"])


def test_full_disk_has_its_own_error() -> None:
    with pytest.raises(NoSpaceError, match="disk is full"):
        run_process(python("import os; f = os.open('/dev/full', os.O_WRONLY); os.write(f, b'x')"))


def test_timeout_kills() -> None:
    pids: list[int] = []
    started = time.monotonic()
    with pytest.raises(StageTimeoutError, match="after 1 seconds"):
        run_process(python(SLEEP), on_line=lambda line: pids.append(int(line)), timeout=1)
    assert time.monotonic() - started < 20
    assert not is_alive(pids[0])


def test_an_exception_of_the_listener_kills_and_passes() -> None:
    pids: list[int] = []

    def cancel(line: str) -> None:
        pids.append(int(line))
        raise CancelledError("stop")

    with pytest.raises(CancelledError, match="stop"):
        run_process(python(SLEEP), on_line=cancel)
    assert not is_alive(pids[0])
