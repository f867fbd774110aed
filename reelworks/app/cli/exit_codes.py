"""Exit codes of the command line that no error class has."""

from __future__ import annotations

from reelworks.errors import ServiceError

SOME_FAILED = 7
"""Some sources or videos failed, others did not."""
NOTHING_CHANGED = 8
"""A command found nothing to change: no job matches, or all are as they should be."""
CHECK_FAILED = ServiceError.exit_code
"""``reelworks doctor`` found a failure."""
EXIT_CODES = (
    "Exit codes: 0 done; 1 internal error; 2 wrong usage; 3 bad input; 4 wrong settings; "
    f"5 a hosted model's provider; 6 a service or disk; {SOME_FAILED} some sources failed; "
    f"{NOTHING_CHANGED} nothing to change; 130 stopped."
)
"""The table that ``reelworks --help`` ends with."""
