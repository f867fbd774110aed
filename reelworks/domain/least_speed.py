"""The least speed at which a server must send: a byte now and then does not move this bound.

The time limits of clients are for one silence each: a server that sends a byte every few seconds
keeps them for days, and with them the run that waits.
"""

from __future__ import annotations

from typing import Self

from reelworks.domain.printable import one_line
from reelworks.errors import SourceUnavailableError

WINDOW = 60.0
"""Seconds of waiting over which a speed is judged."""
AN_INSTANT = 0.001
"""Seconds: the shortest wait that a socket can be asked for; 0 would mean something else."""


class LeastSpeed:
    """A server must send ``least`` bytes a second, on average over each ``WINDOW`` seconds.

    One for all that is asked for one source: heads and redirects count as well.
    """

    def __init__(self, least: float) -> None:
        self.host = ""
        self._least = least
        self._window = WINDOW
        self._waited = 0.0
        self._bytes = 0

    def of(self, host: str) -> Self:
        """Take ``host`` for the one that sends now."""
        self.host = host
        return self

    def sent(self) -> None:
        """Change nothing: a redirect buys no time."""

    def remaining(self) -> float:
        """Return the rest of the window."""
        return max(self._window - self._waited, AN_INSTANT)

    def received(self, seconds: float, count: int) -> bool:
        """Judge at the end of the window. Raises ``SourceUnavailableError``; else True."""
        self._waited += seconds
        self._bytes += count
        if self._waited < self._window:
            return True
        speed = self._bytes / self._waited
        if speed < self._least:
            raise SourceUnavailableError(
                f"{one_line(self.host)} sends too slowly: {speed / 1000:.1f} kB/s over "
                f"{self._waited:.0f} s, where {self._least / 1000:g} are the least "
                "(FETCH_LEAST_KB_PER_SECOND); try again later, or download it by other means."
            )
        self._waited, self._bytes = 0.0, 0
        return True
