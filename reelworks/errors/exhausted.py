"""Exhausted resources: errors that mean no more files, memory, threads or disk."""

from __future__ import annotations

import errno
import os
import resource
import traceback
from collections.abc import Iterator

from reelworks.errors.services import NoSpaceError, OutOfResourcesError, ServiceError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_FILES = (errno.EMFILE, errno.ENFILE)
_STARTS_PROCESSES = ("_execute_child", "_fork_exec", "_launch", "fork")


def exhausted(error: BaseException) -> ServiceError | None:
    """Return what an error means that comes of a want of files, memory, threads or disk.

    Looks at what caused it as well: libraries wrap what the system says. None: something else.
    The answer is retryable but for a full disk: other work gives back what it holds.
    """
    for one in _with_causes(error):
        found = _file_trouble(one) or _disk_trouble(one) or _memory_trouble(one)
        if found is not None:
            return found
    return None


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = one.exceptions if isinstance(one, BaseExceptionGroup) else ()
        before = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
        waiting += filter(None, (*inner, before))


def _file_trouble(error: BaseException) -> ServiceError | None:
    number = error.errno if isinstance(error, OSError) else None
    # libpq and the loader of libraries leave only the system's words.
    if number not in _NO_FILES and not any(os.strerror(one) in str(error) for one in _NO_FILES):
        return None
    if number == errno.ENFILE or os.strerror(errno.ENFILE) in str(error):
        return OutOfResourcesError(
            "Too many files are open on this machine: end programs, or raise fs.file-max, "
            "and try again."
        )
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return OutOfResourcesError(
        f"Too many open files: this process may open {most}. Raise the limit (ulimit -n, "
        "LimitNOFILE of a service, --ulimit nofile of a container) and try again."
    )


def _disk_trouble(error: BaseException) -> ServiceError | None:
    if not isinstance(error, OSError) or error.errno not in _FULL:
        return None
    where = f" ({os.fsdecode(error.filename)})" if isinstance(error.filename, str | bytes) else ""
    if error.errno == errno.EDQUOT:
        return NoSpaceError(f"The disk quota is used up{where}; make room and try again.")
    return NoSpaceError(f"The disk is full{where}; make room and try again.")


def _memory_trouble(error: BaseException) -> ServiceError | None:
    if isinstance(error, MemoryError) or _errno_of(error) == errno.ENOMEM:
        return OutOfResourcesError(
            "The memory limit of this process is reached: run fewer jobs at once, or raise the "
            "limit, and try again."
        )
    is_thread = isinstance(error, RuntimeError) and "can't start new thread" in str(error)
    if is_thread or (_errno_of(error) == errno.EAGAIN and _met_while_starting(error)):
        return OutOfResourcesError(
            "No more threads or processes can be started: end programs, or raise the limit "
            "(ulimit -u, TasksMax of a service, pids_limit of a container), and try again."
        )
    return None


def _errno_of(error: BaseException) -> int | None:
    return error.errno if isinstance(error, OSError) else None


def _met_while_starting(error: BaseException) -> bool:
    """Tell whether the system's "try again" was met while a process was started."""
    frames = traceback.extract_tb(error.__traceback__)
    return any(frame.name in _STARTS_PROCESSES for frame in frames)
