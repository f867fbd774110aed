"""The worker's own log, beside Prefect's."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from logging.handlers import RotatingFileHandler
from pathlib import Path

from filelock import FileLock

from reelworks.domain.printable import one_line
from reelworks.domain.private_folder import make_private
from reelworks.errors import PermissionDeniedError, exhausted
from reelworks.settings import Settings

LOG_FORMAT = "%(asctime)s - video_worker - %(levelname)s - [%(filename)s:%(lineno)d] - %(message)s"
DATE_FORMAT = "%Y-%m-%d %H:%M:%S"
MAX_BYTES = 5 * 1024 * 1024
FILES = 3

_run: ContextVar[object] = ContextVar("reelworks_worker_log")


class _OneLine(logging.Formatter):
    """A message is one line, whatever a file is called."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # the base's name
        return one_line(super().formatMessage(record))


class _SharedFile(RotatingFileHandler):
    """A rotated file that several processes append to.

    One of them moves the file away; the others notice and continue in the new one.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=MAX_BYTES, backupCount=FILES - 1, encoding="utf-8")
        self._between_processes = FileLock(f"{path}.lock")

    def emit(self, record: logging.LogRecord) -> None:
        try:
            with self._between_processes:
                self._follow()
                super().emit(record)
        except OSError:  # a full disk, for example: a lost line must not end the run
            self.handleError(record)

    def _follow(self) -> None:
        """Reopen the file when another process has rotated it."""
        path = Path(self.baseFilename)
        if self.stream is None:
            return
        if not path.exists() or not os.path.samestat(os.fstat(self.stream.fileno()), path.stat()):
            self.stream.close()
            self.stream = self._open()


@contextmanager
def worker_log(settings: Settings) -> Iterator[logging.Logger]:
    """Write what this run logs as ``video_worker`` to ``{DATA_DIR}/worker/log.log``.

    Three files of 5 MB at most, shared by all runs and processes of one DATA_DIR.
    Raises ``PermissionDeniedError`` when the file cannot be written, and what ``exhausted`` says
    of a want of files or disk.
    """
    path = settings.data_dir / "worker" / "log.log"
    try:
        make_private(path.parent)
        handler = _SharedFile(path)
    except OSError as error:
        if (shortage := exhausted(error)) is not None:
            raise shortage from error
        raise PermissionDeniedError(
            f"The log {path} cannot be written: {error.strerror}; set DATA_DIR."
        ) from None
    handler.setFormatter(_OneLine(LOG_FORMAT, DATE_FORMAT))
    handler.setLevel(settings.log_level)
    run = object()
    handler.addFilter(lambda _: _run.get(None) is run)  # not the lines of a run beside this one
    log = logging.getLogger("video_worker")
    log.setLevel(logging.DEBUG)
    log.propagate = False
    log.addHandler(handler)
    token = _run.set(run)
    try:
        yield log
    finally:
        _run.reset(token)
        log.removeHandler(handler)
        handler.close()
