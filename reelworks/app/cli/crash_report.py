"""An error that nobody foresaw: its trace goes to a file, the user gets a sentence."""

from __future__ import annotations

import os
import traceback
from datetime import datetime
from pathlib import Path

from reelworks.domain.private_folder import make_private
from reelworks.errors import ReelworksError, exhausted


def write_crash_report(error: Exception) -> ReelworksError:
    """Return what to say of ``error``; its trace goes to ``{DATA_DIR}/logs/fault.log``.

    What the machine has run out of is no fault of ours: it is said, and leaves no trace.
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
    except (OSError, RuntimeError):  # the folder cannot be written, or is in nobody's home
        details = f"this line: {lines.rstrip().splitlines()[-1]}"
    else:
        details = f"the file {path}"
    return ReelworksError(
        f"Something went wrong that Reelworks did not foresee; please report it with {details}."
    )
