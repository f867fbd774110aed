"""Objects that come too slowly are given up: the SDK's time limit is for one silence only."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

from reelworks.domain.least_speed import LeastSpeed
from reelworks.errors import SourceUnavailableError
from reelworks.store.objects.transfer import AT_ONCE


def give_up_slow_bodies(client: Any, least: float) -> None:
    """Have every object that ``client`` reads come at ``least`` bytes a second or more.

    On average over each minute of waiting; a part of one that may come beside others at its share.
    Reading one raises ``SourceUnavailableError``, which the SDK does not retry.
    """

    def watch(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
        body = parsed.get("Body")
        if body is None:  # an error
            return
        share = least / AT_ONCE if _is_part(parsed) else least
        patience = LeastSpeed(share).of(urlsplit(http_response.url).hostname or "")
        # The SDK has no parameter for it, and its body checks lengths; a test sees it drip.
        body._raw_stream = _Watched(body._raw_stream, patience)

    client.meta.events.register("after-call.s3.GetObject", watch)


def _is_part(answer: dict[str, Any]) -> bool:
    """Tell whether an answer holds less than the object: its first part may be all there is."""
    size = answer.get("ContentRange", "").rpartition("/")[2]
    return bool(size) and size != str(answer.get("ContentLength"))


class _Watched:
    """A body of urllib3 whose pieces are judged as they come."""

    def __init__(self, beneath: Any, patience: LeastSpeed) -> None:
        self._beneath = beneath
        self._patience = patience

    def read(self, amount: int | None = None) -> bytes:
        """Read as many bytes as asked for, all when None, fewer at the end."""
        found = bytearray()
        while amount is None or len(found) < amount:
            began = time.monotonic()
            piece = self._beneath.read1(None if amount is None else amount - len(found))
            try:
                self._patience.received(time.monotonic() - began, len(piece))
            except SourceUnavailableError:
                self._beneath.close()  # what is still to come is of no use
                raise
            if not piece:
                break
            found += piece
        return bytes(found)

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer; return how many bytes."""
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._beneath, name)
