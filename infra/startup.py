"""First steps of each program: it can be stopped from then on, and may open many files.

Python starts a program with a Ctrl-C that raises wherever it is met, and our imports take a second
or more: a traceback from an import is no answer to a user who changes their mind. Until there
is something to clean up, both signals end the process at once. This imports next to nothing, for
what is imported before is still met by the old way.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from threading import Timer
from types import FrameType

STOPPED = 130
"""The exit code of a program that was stopped: as ``CancelledError`` and shells have it."""
MOST_FILES = 65536
"""More is not needed: some limits are a thousand million, and programs count up to theirs."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def begin() -> None:
    """Prepare this process. Call it before the imports; it belongs to programs, not to modules."""
    stop_at_once()
    allow_many_files()


def stop_at_once() -> None:
    """Have Ctrl-C and SIGTERM end the process in one word, with nothing put away.

    A signal that the parent had us ignore (``nohup``, a shell's background job) stays ignored.
    """
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, exit_at_once)


def stop_by_raising() -> None:
    """Have Ctrl-C and SIGTERM raise ``KeyboardInterrupt``, for a program that puts things away."""
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        # Not one of our own: asyncio replaces this very handler alone, to cancel its task.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _raise)
    sys.unraisablehook = _unraisable


def allow_many_files() -> None:
    """Raise the number of files that this process may open as far as it may, up to a bound."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):  # macOS takes less than its own hard limit
            return


def exit_at_once(number: int, frame: FrameType | None) -> None:
    """End the process in one word."""
    del number, frame
    try:
        if "--json" in sys.argv:
            message = (
                '{"error": {"code": "cancelled", "message": "Stopped.", "retryable": false}}\n'
            )
            os.write(1, message.encode())
        else:
            os.write(2, b"Stopped.\n")
    finally:  # its reader may be gone
        os._exit(STOPPED)


class _Terminated(KeyboardInterrupt):
    """SIGTERM came."""


def _raise(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise _Terminated


def _unraisable(lost: sys.UnraisableHookArgs) -> None:
    """Send a signal again that met a callback of the interpreter, where nothing can be raised.

    The one that came: the other may be one to ignore.
    """
    if issubclass(lost.exc_type, KeyboardInterrupt):
        came = signal.SIGTERM if issubclass(lost.exc_type, _Terminated) else signal.SIGINT
        Timer(0.01, os.kill, (os.getpid(), came)).start()
    else:
        sys.__unraisablehook__(lost)
