"""Thread priority and idle policy of models that compute beside other work."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Loaded = TypeVar("Loaded")

BACKGROUND = 10
"""Nice value: a tenth of the share of a thread that competes, all of a core that is idle."""


def load_in_background(load: Callable[[], Loaded]) -> Loaded:
    """Return what ``load`` returns; the threads that it starts run at low priority.

    A model of CTranslate2 starts its own threads when it is loaded, and on Linux threads inherit
    the priority of the one that starts them. Speech is the shorter side of an indexing run, so it
    uses the moments in which the video side leaves a core idle. Elsewhere than on Linux a
    priority belongs to the whole process, and nothing is changed.
    """
    with ThreadPoolExecutor(1, initializer=_lower_priority) as loader:
        return loader.submit(load).result()


def set_omp_passive() -> None:
    """Tell OpenMP that a thread without work sleeps. Call it before the library is loaded.

    By default such a thread spins for a while, which on busy cores is most of what it does: with
    ffmpeg beside it Whisper was measured to take up to five times its processor time.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def _lower_priority() -> None:
    if sys.platform == "linux":
        thread = threading.get_native_id()
        now = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, max(now, BACKGROUND))
