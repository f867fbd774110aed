"""Commands in forks of one process that has imported the command line, which takes a second.

Each command is a process of its own with its own environment, folder, files and exit code. What an
interpreter reads before it imports anything (``PYTHON...``, the locale) is that of the first one.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reelworks.app.cli import main

OF_THE_INTERPRETER = ("PYTHON", "LC_", "LANG", "COLUMNS")
"""How the names of variables begin that only a new interpreter sees as it should."""


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it wrote."""

    code: int
    out: bytes
    err: bytes


class Commands:
    """The process that is forked for each command, and the line to it."""

    def __init__(self, process: subprocess.Popen[bytes], line: socket.socket) -> None:
        self._process = process
        self._line = line
        self._answers = line.makefile("rb")

    def run(
        self, arguments: Sequence[str | bytes], environment: Mapping[str, str], timeout: float
    ) -> Ended:
        """Run ``reelworks`` to its end.

        Raises ``TimeoutError`` after ``timeout`` seconds; nothing of it runs any more then.
        """
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            request = {
                "arguments": [os.fsdecode(one) for one in arguments],
                "environment": dict(environment),
                "folder": str(Path.cwd()),
            }
            socket.send_fds(self._line, [b"x"], [out.fileno(), err.fileno()])
            self._line.sendall(json.dumps(request).encode() + b"\n")
            self._line.settimeout(timeout)
            try:
                code = int(self._answers.readline())
            except TimeoutError:
                self.close()
                raise
            out.seek(0)
            err.seek(0)
            return Ended(code, out.read(), err.read())

    def close(self) -> None:
        """End the process, and the command that it may still run."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._answers.close()
        self._line.close()


@contextmanager
def forked_commands() -> Iterator[Commands]:
    """Have a process that has imported the command line."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    commands = Commands(process, ours)
    try:
        yield commands
    finally:
        commands.close()


def _serve(line: socket.socket) -> dict[str, Any] | None:
    """Fork for each request; return it in the fork, and None at the end of the line."""
    from reelworks.app.cli.main import make_app

    make_app()  # imports what each command would

    assert threading.active_count() == 1, "a fork would lack the other threads"
    while True:
        data, files, _, _ = socket.recv_fds(line, 1, 2)
        if not data:
            return None
        with line.makefile("r") as requests:
            request: dict[str, Any] = json.loads(requests.readline())
        command = os.fork()
        if command == 0:
            for number, file in enumerate(files, 1):
                os.dup2(file, number)
                os.close(file)
            return request
        for file in files:
            os.close(file)
        _, status = os.waitpid(command, 0)
        line.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def _main() -> None:
    with socket.socket(fileno=int(sys.argv[1])) as line:
        request = _serve(line)
    if request is not None:
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        sys.argv = ["reelworks", *request["arguments"]]
        main()


if __name__ == "__main__":
    _main()
