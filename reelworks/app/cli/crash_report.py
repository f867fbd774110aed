"""Crash reports: the traceback of an unexpected error goes to a file, the user gets a sentence."""

from __future__ import annotations

import os
import traceback
from datetime import datetime
from pathlib import Path

from reelworks.domain.private_folder import make_private
from reelworks.errors import ReelworksError, exhausted


def write_crash_report(error: Exception) -> ReelworksError:
    """Return the error to print; the traceback is appended to ``{DATA_DIR}/logs/fault.log``.

    A machine that has run out of memory, disk space or file handles is no bug: that is returned as
    it is, without a report.
    """
    known = exhausted(error)
    if known is not None:
        return known
    lines = "".join(traceback.format_exception(error))
    path = Path(os.environ.get("DATA_DIR") or "~/.reelworks") / "logs" / "fault.log"
    try:
        path = path.expanduser()
        make_private(path.parent)
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{datetime.now().astimezone().isoformat()}\n{lines}\n")
    except (OSError, RuntimeError):  # no permission, or a home folder of an unknown user
        details = f"this line: {lines.rstrip().splitlines()[-1]}"
    else:
        details = f"the file {path}"
    return ReelworksError(f"Unexpected internal error; please report it with {details}.")
