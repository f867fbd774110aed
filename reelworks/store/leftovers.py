"""What uploads that were killed on the way leave in the store."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from reelworks.errors import StoreRefusedError
from reelworks.store.artifacts import ArtifactStore
from reelworks.store.streams import INCOMING

log = logging.getLogger(__name__)

KEPT = timedelta(days=1)
"""An upload may take so long; one that is older has nobody left who sends it."""
PLACES = (INCOMING, "uploads/", "processed/", "frames/", "embeddings/", "cache/")
"""Where we send objects in parts. Others may keep theirs in the same bucket."""


def remove_leftovers(store: ArtifactStore, older_than: timedelta = KEPT) -> int:
    """Abort unfinished multipart uploads of ours, and remove uploads that got no name.

    Returns how many went. A store that does not let these keys list or abort them keeps them; that
    is logged. Raises store errors.
    """
    latest = datetime.now(UTC) - older_than
    removed = 0
    try:
        for prefix in PLACES:
            for key, upload, began in list(store.unfinished(prefix)):
                if began < latest:
                    store.abort_parts(key, upload)
                    removed += 1
        for key, stored in list(store.keys_with_times(INCOMING)):
            if stored < latest:
                store.delete(key)
                removed += 1
    except StoreRefusedError as error:
        log.warning(
            "Uploads that were given up stay in the store: %s Where these keys may not list or "
            "abort them, let a lifecycle rule of the bucket do it.",
            error,
        )
    return removed
