"""The worker's own log, beside Prefect's."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler

from reelworks.errors import PermissionDeniedError
from reelworks.settings import Settings

LOG_FORMAT = "%(asctime)s - video_worker - %(levelname)s - [%(filename)s:%(lineno)d] - %(message)s"
DATE_FORMAT = "%Y-%m-%d %H:%M:%S"
MAX_BYTES = 5 * 1024 * 1024
FILES = 3


@contextmanager
def worker_log(settings: Settings) -> Iterator[logging.Logger]:
    """Write the logger ``video_worker`` to ``{DATA_DIR}/worker/log.log`` (3 files of 5 MB)."""
    path = settings.data_dir / "worker" / "log.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            path, maxBytes=MAX_BYTES, backupCount=FILES - 1, encoding="utf-8"
        )
    except OSError as error:
        raise PermissionDeniedError(
            f"The log {path} cannot be written: {error.strerror}; set DATA_DIR."
        ) from None
    handler.setFormatter(logging.Formatter(LOG_FORMAT, DATE_FORMAT))
    log = logging.getLogger("video_worker")
    log.setLevel(settings.log_level)
    log.propagate = False
    log.addHandler(handler)
    try:
        yield log
    finally:
        log.removeHandler(handler)
        handler.close()
