"""Subprocesses: run to their end, with progress lines, a timeout and the tail of stderr."""

from __future__ import annotations

import subprocess
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from reelworks.errors import NoSpaceError, ProcessError, StageTimeoutError, exhausted

TAIL_LINES = 400
"""ffmpeg closes with about a hundred lines of counts after the one that matters."""
_DISK_FULL = "No space left on device"


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """A program that succeeded: its arguments and the last lines that it wrote to stderr."""

    arguments: tuple[str, ...]
    tail: str


def run_process(
    arguments: Sequence[str],
    *,
    on_line: Callable[[str], None] | None = None,
    on_error_line: Callable[[str], None] | None = None,
    timeout: float | None = None,
) -> ProcessResult:
    """Run a program to its end, without a shell and with stdin closed.

    ``on_line`` gets each line of stdout as it is written, ``on_error_line`` each line of stderr
    (from another thread). ``timeout`` is in seconds. The program is killed when the time is up,
    and when ``on_line`` raises, whose exception then passes on.

    Raises ``ProcessError`` (with the arguments and the last 400 lines of stderr) when the program
    is missing or ends with another code than 0, ``NoSpaceError`` when it met a full disk, and
    ``StageTimeoutError``.
    """
    command = tuple(arguments)
    process = _start(command)
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    reader = threading.Thread(
        target=_read_errors, args=(process.stderr, tail, on_error_line), daemon=True
    )
    expired = threading.Event()
    timer = threading.Timer(timeout or 0, _expire, args=(process, expired))
    reader.start()
    if timeout is not None:
        timer.start()
    try:
        _read_output(process.stdout, on_line)
        code = process.wait()
    finally:
        timer.cancel()
        _finish(process, reader)
    text = "\n".join(tail)
    if expired.is_set():
        raise StageTimeoutError(f"{_name(command)} was stopped after {timeout:g} seconds.")
    if code != 0:
        raise _failure(command, code, text)
    return ProcessResult(arguments=command, tail=text)


def _start(command: tuple[str, ...]) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        known = exhausted(error)
        if known is not None:
            raise known from error
        message = f"{command[0]} cannot be run: {error.strerror}. Is it installed?"
        raise ProcessError(message, arguments=command) from error


def _finish(process: subprocess.Popen[str], reader: threading.Thread) -> None:
    """Kill the program if it still runs, and close its streams."""
    if process.poll() is None:
        process.kill()
        process.wait()
    reader.join()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _read_output(stream: IO[str] | None, on_line: Callable[[str], None] | None) -> None:
    for line in stream or ():
        if on_line is not None:
            on_line(line.rstrip("\r\n"))


def _read_errors(
    stream: IO[str] | None, tail: deque[str], on_error_line: Callable[[str], None] | None
) -> None:
    for line in stream or ():
        tail.append(line.rstrip("\r\n"))
        if on_error_line is not None:
            on_error_line(tail[-1])


def _expire(process: subprocess.Popen[str], expired: threading.Event) -> None:
    if process.poll() is None:
        expired.set()
        process.kill()


def _failure(command: tuple[str, ...], code: int, tail: str) -> ProcessError | NoSpaceError:
    if _DISK_FULL in tail:
        return NoSpaceError(f"The disk is full: {_name(command)} could not write; make room.")
    lines = [line for line in tail.splitlines() if line.strip()]
    marked = [line for line in lines if "[error]" in line or "[fatal]" in line]
    last = (marked or lines or ["no output"])[-1]
    message = f"{_name(command)} ended with code {code}: {last}"
    return ProcessError(message, arguments=command, tail=tail)


def _name(command: tuple[str, ...]) -> str:
    return Path(command[0]).name
