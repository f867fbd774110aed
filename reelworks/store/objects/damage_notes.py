"""Notes of objects that were read and found damaged, until they are made again.

Nothing is removed on a suspicion: an object in doubt is read before it is used, and replaced when
its content is made again.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from reelworks.domain.artifact_keys import DOUBTS

if TYPE_CHECKING:
    from reelworks.store.objects.artifacts import Artifact, ArtifactStore

log = logging.getLogger(__name__)

FRESH_SECONDS = 60.0
"""How old the list of notes may be that one process goes by."""


class DamageNotes:
    """One process's view of the notes, at ``cache/doubts/{sha256}/{key}``.

    A note names a content and the object that should have it. May be used by several threads.
    """

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._listed_at: float | None = None

    def about(self, sha256: str) -> bool:
        """Tell whether an object with this content is in doubt; then none is believed unread."""
        return any(note.startswith(f"{DOUBTS}{sha256}/") for note in self._notes())

    def of(self, artifact: Artifact) -> bool:
        """Tell whether this very object is in doubt."""
        return _note(artifact) in self._notes()

    def note(self, artifact: Artifact) -> None:
        """Note that an object was read and is not what it should be."""
        if not artifact.sha256 or self.of(artifact):
            return
        self._store.put_bytes(_note(artifact), b"", "application/octet-stream")
        log.warning("The object %s is damaged in the store; it will be recomputed.", artifact.key)
        with self._lock:
            self._known.add(_note(artifact))

    def settle(self, artifact: Artifact) -> None:
        """Forget the doubt about an object that was read and is whole, or was stored again."""
        if self.of(artifact):
            self._store.delete(_note(artifact))
            with self._lock:
                self._known.discard(_note(artifact))

    def examine(self, artifact: Artifact) -> bool:
        """Read an object that failed a reader; return whether it is in doubt now.

        Another object that lies there by now is none of this one's fault. Raises store errors.
        """
        if self.of(artifact):
            return True
        if self._is_same(artifact) and not self._store.holds(artifact) and self._is_same(artifact):
            self.note(artifact)
            return True
        return False

    def sweep(self) -> int:
        """Forget doubts about objects that are gone or have other contents by now."""
        removed = 0
        for note in list(self._store.keys(DOUBTS)):
            sha256, _, key = note.removeprefix(DOUBTS).partition("/")
            there = self._store.head(key) if key else None
            if there is None or there.sha256 != sha256:
                self._store.delete(note)
                removed += 1
        return removed

    def _is_same(self, artifact: Artifact) -> bool:
        there = self._store.head(artifact.key)
        return there is not None and there.etag == artifact.etag

    def _notes(self) -> set[str]:
        now = time.monotonic()
        with self._lock:
            if self._listed_at is None or now - self._listed_at > FRESH_SECONDS:
                self._known = set(self._store.keys(DOUBTS))
                self._listed_at = now
            return set(self._known)


def _note(artifact: Artifact) -> str:
    return f"{DOUBTS}{artifact.sha256}/{artifact.key}"
