"""What all errors of ours share."""

from __future__ import annotations

from typing import ClassVar


class ReelworksError(Exception):
    """Anything that Reelworks itself reports."""

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
