"""Names of folders that lie in different files of the embedded store."""

from __future__ import annotations

from reelworks.store.objects.shards import SHARDS, one_folder_a_shard


def test_there_is_one_folder_for_each_shard_and_they_stay_the_same() -> None:
    found = one_folder_a_shard("reelworks", "health-")
    assert len(set(found)) == SHARDS
    assert all(name.startswith("health-") and name[7:].isdecimal() for name in found)
    assert found == one_folder_a_shard("reelworks", "health-")
    assert found != one_folder_a_shard("films", "health-")
