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

MAX_AGE = timedelta(days=1)
"""The longest that an upload may take; an older one was interrupted."""
PREFIXES = (INCOMING, UPLOADS, PROCESSED, FRAMES, EMBEDDINGS, CACHE)
"""Prefixes of what is uploaded in parts. Other programs may use the same bucket."""


def remove_leftovers(store: ArtifactStore, older_than: timedelta = MAX_AGE) -> int:
    """Abort unfinished multipart uploads, and remove uploads that got no name.

    Doubts about objects that are no more go with them. Returns how many went. A store that does
    not let these keys list or abort them keeps them; that is logged, once a prefix, and the other
    prefixes are tidied. Raises store errors.
    """
    latest = datetime.now(UTC) - older_than
    steps: list[Callable[[], int]] = [
        *(partial(_abort_unfinished, store, prefix, latest) for prefix in PREFIXES),
        partial(_remove_nameless, store, latest),
        store.doubts.sweep,
    ]
    removed = 0
    for step in steps:
        try:
            removed += step()
        except StoreRefusedError as error:
            log.warning(
                "Abandoned uploads remain in the store: %s If these keys may not list or abort "
                "them, add a lifecycle rule to the bucket.",
                error,
            )
    return removed


def _abort_unfinished(store: ArtifactStore, prefix: str, latest: datetime) -> int:
    removed = 0
    for key, upload, began in list(store.unfinished(prefix)):
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
