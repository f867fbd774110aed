"""Free disk space for a job on this machine."""

from __future__ import annotations

from urllib.parse import urlsplit

from reelworks.domain.disk import STORE_SHARE, is_full
from reelworks.settings import Settings

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def is_store_local(settings: Settings) -> bool:
    """Tell whether the artifact store is one of this machine's."""
    return urlsplit(settings.s3.endpoint_url or "").hostname in _LOOPBACK


def lacks_room(settings: Settings, *, freed: int = 0) -> bool:
    """Tell whether the disk of ``DATA_DIR`` is too full for any job.

    Where the store lies on it as well, that is so as soon as the store takes nothing more: a job
    that began would compute, and pay, for nothing. ``freed`` bytes count as free: what is
    about to be removed.
    """
    share = STORE_SHARE if is_store_local(settings) else 0.0
    return is_full(settings.data_dir, share, freed=freed)
