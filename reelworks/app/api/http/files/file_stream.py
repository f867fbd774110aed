"""Streams of files, whose connection to the store is closed when the client leaves."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from itertools import chain

from anyio import CancelScope, to_thread
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from reelworks.errors import ServiceError

log = logging.getLogger(__name__)


def _no_callback() -> None:
    """Do nothing."""


class FileStream(StreamingResponse):
    """A file as a stream; the store's connection is closed as soon as the client leaves."""

    def __init__(
        self,
        pieces: Generator[bytes, None, None],
        status: int,
        headers: dict[str, str],
        media_type: str,
        *,
        key: str = "",
        first: bytes = b"",
        on_broken: Callable[[], None] = _no_callback,
    ) -> None:
        """``first`` is what was read of ``pieces`` already; ``key`` names the file in the log.

        ``on_broken`` is called when the store gives no more.
        """
        super().__init__(chain((first,), pieces) if first else pieces, status, headers, media_type)
        self._pieces = pieces
        self._on_broken = on_broken
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file; players often disconnect in the middle."""
        try:
            await super().__call__(scope, receive, send)
        except ServiceError as error:
            # The status is sent: only a broken connection can show that bytes are missing.
            log.warning("The download of %s broke off: %s", self._key, error)
            self._on_broken()
        finally:
            with CancelScope(shield=True):
                await to_thread.run_sync(self._pieces.close)
