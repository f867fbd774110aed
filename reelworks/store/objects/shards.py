"""Shards of the embedded store: the files among which it divides its names."""

from __future__ import annotations

import hashlib

SHARDS = 8
"""The files among which it divides its names; a full disk breaks those that it meets."""


def one_folder_a_shard(bucket: str, stem: str) -> list[str]:
    """Return names of folders, ``stem`` and a number, in different shards (weed's ``leveldb2``)."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < SHARDS:
        folder = f"{stem}{number}"
        shard = hashlib.md5(f"/buckets/{bucket}/{folder}".encode()).digest()[-1] % SHARDS  # noqa: S324 - weed's choice
        found.setdefault(shard, folder)
        number += 1
    return list(found.values())
