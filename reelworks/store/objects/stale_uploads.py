"""What uploads that were killed on the way leave in the store."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from reelworks.domain.artifact_keys import CACHE, EMBEDDINGS, FRAMES, INCOMING, PROCESSED, UPLOADS
from reelworks.errors import StoreRefusedError
from reelworks.store.objects.artifacts import ArtifactStore

log = logging.getLogger(__name__)

KEPT = timedelta(days=1)
"""An upload may take so long; one that is older has nobody left who sends it."""
PLACES = (INCOMING, UPLOADS, PROCESSED, FRAMES, EMBEDDINGS, CACHE)
"""Where we send objects in parts. Others may keep theirs in the same bucket."""


def remove_leftovers(store: ArtifactStore, older_than: timedelta = KEPT) -> int:
    """Abort unfinished multipart uploads of ours, and remove uploads that got no name.

    Doubts about objects that are no more go with them. Returns how many went. A store that does
    not let these keys list or abort them keeps them; that is logged, once a place, and the other
    places are tidied. Raises store errors.
    """
    latest = datetime.now(UTC) - older_than
    steps: list[Callable[[], int]] = [
        *(partial(_abort_unfinished, store, place, latest) for place in PLACES),
        partial(_remove_nameless, store, latest),
        store.doubts.sweep,
    ]
    removed = 0
    for step in steps:
        try:
            removed += step()
        except StoreRefusedError as error:
            log.warning(
                "Uploads that were given up stay in the store: %s Where these keys may not list or "
                "abort them, let a lifecycle rule of the bucket do it.",
                error,
            )
    return removed


def _abort_unfinished(store: ArtifactStore, place: str, latest: datetime) -> int:
    removed = 0
    for key, upload, began in list(store.unfinished(place)):
        if began < latest:
            store.abort_parts(key, upload)
            removed += 1
    return removed


def _remove_nameless(store: ArtifactStore, latest: datetime) -> int:
    removed = 0
    for key, stored in list(store.keys_with_times(INCOMING)):
        if stored < latest:
            store.delete(key)
            removed += 1
    return removed
