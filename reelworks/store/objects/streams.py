"""Streams: uploads stored while they arrive, objects read in ranges."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Generator
from contextlib import suppress
from typing import Any

from reelworks.domain.artifact_keys import INCOMING
from reelworks.errors import ArtifactMissingError, OverLimitError, ServiceError
from reelworks.store.objects.artifacts import Artifact, ArtifactStore
from reelworks.store.objects.transfer import PART_BYTES

BLOCK = 256 << 10


class Upload:
    """A file that arrives piece by piece; at most one part of it is in memory.

    What fits into one part is stored when it is complete. More goes to the store as a multipart
    upload under a random key, and gets its own name at the end. Call ``abandon`` at the end,
    whatever happened. Not for use by several threads at once.
    """

    def __init__(self, store: ArtifactStore, most_bytes: int) -> None:
        self._store = store
        self._most = most_bytes
        self._digest = hashlib.sha256()
        self._buffer = bytearray()
        self._parts: list[dict[str, Any]] = []
        self._key = f"{INCOMING}{secrets.token_hex(16)}"
        self._number: str | None = None
        self.size = 0
        self.was_stored = False
        """Whether ``keep`` stored it: its bytes were not there, or could not be read."""

    def abandon(self) -> None:
        """Remove what was not stored."""
        with suppress(ServiceError):  # the error that led here says more
            self._abandon()

    @property
    def sha256(self) -> str:
        """The digest of what has arrived."""
        return self._digest.hexdigest()

    def write(self, piece: bytes) -> None:
        """Take the next bytes. Raises ``OverLimitError`` and store errors."""
        self.size += len(piece)
        if self.size > self._most:
            raise OverLimitError(
                f"The upload is larger than {self._most // 1_000_000} MB (MAX_UPLOAD_MB)."
            )
        self._digest.update(piece)
        self._buffer += piece
        while len(self._buffer) >= PART_BYTES:
            part, self._buffer = bytes(self._buffer[:PART_BYTES]), self._buffer[PART_BYTES:]
            self._send(part)

    def keep(self, key: str, content_type: str) -> Artifact:
        """Store all that has arrived under ``key`` and return it.

        Nothing moves when the store holds these very bytes there, and can read them. Raises store
        errors.
        """
        known = self._store.head(key)
        same = known is not None and (known.sha256, known.size) == (self.sha256, self.size)
        if known is not None and same and self._store.holds(known, can_store=True):
            self._abandon()
            stored = known
        else:
            stored = self._put(key, content_type)
            self.was_stored = True
        if same:
            self._store.doubts.settle(stored)
        return stored

    def _put(self, key: str, content_type: str) -> Artifact:
        if self._number is None:
            return self._store.put_bytes(key, bytes(self._buffer), content_type)
        if self._buffer:
            self._send(bytes(self._buffer))
            self._buffer.clear()
        self._store.complete_parts(self._key, self._number, self._parts)
        self._number = None
        arrived = self._store.head(self._key)
        if arrived is None or arrived.size != self.size:
            raise ArtifactMissingError("The upload is not complete in the store; send it again.")
        whole = Artifact(self._key, self.sha256, self.size, arrived.etag)
        stored = self._store.copy(whole, key, content_type=content_type)
        self._store.delete(self._key)
        self._parts.clear()
        return stored

    def _send(self, part: bytes) -> None:
        if self._number is None:
            self._number = self._store.begin_parts(self._key)
        number = len(self._parts) + 1
        etag = self._store.put_part(self._key, self._number, number, part)
        self._parts.append({"PartNumber": number, "ETag": etag})

    def _abandon(self) -> None:
        self._buffer.clear()
        if self._number is not None:
            self._store.abort_parts(self._key, self._number)
            self._number = None
        elif self._parts:
            self._store.delete(self._key)
        self._parts.clear()


def read_range(
    store: ArtifactStore, artifact: Artifact, start: int, end: int
) -> Generator[bytes, None, None]:
    """Yield the bytes from ``start`` to before ``end`` of an object, in blocks.

    Raises ``ArtifactMissingError`` when the object is gone or another by now, or ends too early.
    """
    with store.opened_range(artifact, start, end) as body:
        left = end - start
        while left > 0 and (block := body.read(min(BLOCK, left))):
            left -= len(block)
            yield block
        if left > 0:
            raise ArtifactMissingError(
                f"The store gave {end - start - left} of {end - start} bytes of {artifact.key}."
            )
