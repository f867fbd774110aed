"""A want of files, memory, threads or disk is said as such, whatever error tells of it."""

from __future__ import annotations

import errno
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from reelworks.errors import (
    DatabaseUnavailableError,
    NoSpaceError,
    OutOfResourcesError,
    exhausted,
)
from reelworks.media.inspect.probe import probe
from reelworks.media.process import run_process
from reelworks.store.db.error_mapping import database_errors

ROOT = Path(__file__).parents[3]


@contextmanager
def no_file_left() -> Iterator[None]:
    """In here nothing can be opened."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def caught(work: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as found:
        work()
    return found.value


@pytest.mark.parametrize(
    "work",
    [
        lambda: Path(os.devnull).read_text(),
        os.pipe,
        socket.socket,
        lambda: subprocess.run(["true"], check=False),
        lambda: httpx.get("http://127.0.0.1:9/", trust_env=False, verify=False),
    ],
    ids=["file", "pipe", "socket", "program", "httpx"],
)
def test_too_many_open_files_are_known_through_every_library(work: Callable[[], object]) -> None:
    with no_file_left():
        error = caught(work)

    known = exhausted(error)
    assert isinstance(known, OutOfResourcesError)
    assert "ulimit -n" in str(known)
    assert known.retryable


def test_media_that_cannot_be_opened_for_want_of_files_are_not_called_bad(media: Path) -> None:
    clip = media / "video" / sorted(path.name for path in (media / "video").glob("*.mp4"))[0]
    probe(clip)  # all is imported
    with no_file_left():
        assert isinstance(caught(lambda: probe(clip)), OutOfResourcesError)
        assert isinstance(caught(lambda: run_process(["ffmpeg"])), OutOfResourcesError)


def test_postgresql_is_not_called_out_of_reach_when_no_socket_is_left() -> None:
    address = "postgresql://me@127.0.0.1:9/nothing"

    def connect() -> None:
        with database_errors(address):
            psycopg.connect(address)

    with no_file_left():
        assert isinstance(caught(connect), OutOfResourcesError)
    assert isinstance(caught(connect), DatabaseUnavailableError)


def test_a_full_disk_is_named() -> None:
    def fill() -> None:
        with Path("/dev/full").open("w") as file:
            file.write("x")

    known = exhausted(caught(fill))

    assert isinstance(known, NoSpaceError)
    assert not known.retryable
    assert isinstance(exhausted(OSError(errno.EDQUOT, "quota", "/data/a")), NoSpaceError)


def limited(code: str, memory: int) -> str:
    """What a process of so much memory says of the error that ``code`` raises."""
    program = f"""
import resource, threading
from reelworks.errors import exhausted
resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
try:
    {code}
except Exception as error:
    known = exhausted(error)
    print(type(known).__name__, known)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout


def test_too_little_memory_is_known() -> None:
    said = limited("bytearray(4 << 30)", 1 << 30)

    assert said.startswith("OutOfResourcesError The memory")


def test_a_thread_that_cannot_be_started_is_known() -> None:
    stack = "threading.stack_size(2 << 30); threading.Thread(target=print).start()"

    assert limited(stack, 1 << 30).startswith("OutOfResourcesError No more threads")


def test_the_cause_within_a_group_or_beneath_another_error_is_found() -> None:
    inner = OSError(errno.EMFILE, "Too many open files")
    wrapped = RuntimeError("another library's message")
    wrapped.__cause__ = inner

    assert isinstance(exhausted(ExceptionGroup("several", [wrapped])), OutOfResourcesError)
    assert isinstance(exhausted(OSError(errno.ENFILE, "all")), OutOfResourcesError)


def test_anything_else_is_something_else() -> None:
    hidden = ValueError("a number")
    hidden.__context__ = OSError(errno.EMFILE, "Too many open files")
    hidden.__suppress_context__ = True

    for error in (ValueError("x"), OSError(errno.EIO, "I/O"), BlockingIOError(errno.EAGAIN, "")):
        assert exhausted(error) is None
    assert exhausted(hidden) is None
