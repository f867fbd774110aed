"""Real servers that are frozen with SIGSTOP: their ports accept, their processes say nothing."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil


@contextmanager
def frozen(*pids: int) -> Iterator[None]:
    """Stop processes with all their children, and resume them at the end."""
    with ExitStack() as thaw:
        for pid in pids:
            process = psutil.Process(pid)
            for one in (process, *process.children(recursive=True)):
                one.send_signal(signal.SIGSTOP)
                thaw.callback(_go_on, one)
        yield


def _go_on(process: psutil.Process) -> None:
    if process.is_running():
        process.send_signal(signal.SIGCONT)
