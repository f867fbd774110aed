"""Uploads that were killed on the way do not fill the store forever."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from reelworks.settings import Settings
from reelworks.store.objects.artifacts import ArtifactStore
from reelworks.store.objects.stale_uploads import remove_leftovers
from reelworks.store.objects.streams import Upload
from tests.support.flows.runs import as_environment

NONE = timedelta(0)
KILLED = """
import os
from reelworks.settings import load_settings
from reelworks.store.objects.artifacts import ArtifactStore
from reelworks.store.objects.streams import Upload
upload = Upload(ArtifactStore.open(load_settings()), 10**9)
upload.write(bytes(40_000_000))
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def store(clean_settings: Settings) -> ArtifactStore:
    return ArtifactStore.open(clean_settings)


def test_an_upload_that_was_killed_goes_after_its_time_and_none_before(
    store: ArtifactStore, clean_settings: Settings, tmp_path: Path
) -> None:
    subprocess.run([sys.executable, "-c", KILLED], env=as_environment(clean_settings), check=False)
    ((key, _, began),) = store.unfinished("incoming/")
    assert key.startswith("incoming/")
    assert abs(began.timestamp() - time.time()) < 60

    assert remove_leftovers(store) == 0
    assert list(store.unfinished("")) != []
    assert remove_leftovers(store, NONE) == 1
    assert list(store.unfinished("")) == []


def test_an_upload_that_got_no_name_goes_too_and_what_has_one_stays(store: ArtifactStore) -> None:
    upload = Upload(store, 10**9)
    upload.write(b"whole")
    upload.keep("uploads/v_a.mp4", "video/mp4")
    store.put_bytes("incoming/abc", b"complete, but never copied", "application/octet-stream")

    assert remove_leftovers(store) == 0
    assert remove_leftovers(store, NONE) == 1
    assert list(store.keys("")) == ["uploads/v_a.mp4"]


def test_what_others_upload_into_the_same_bucket_stays(store: ArtifactStore) -> None:
    number = store.begin_parts("theirs/film.mov")
    assert remove_leftovers(store, NONE) == 0
    assert [(key, upload) for key, upload, _ in store.unfinished("")] == [
        ("theirs/film.mov", number)
    ]


def test_an_upload_that_another_process_aborted_meanwhile_is_done(store: ArtifactStore) -> None:
    number = store.begin_parts("incoming/a")
    store.abort_parts("incoming/a", number)
    store.abort_parts("incoming/a", number)


def test_a_doubt_goes_with_the_object_that_it_is_about(store: ArtifactStore) -> None:
    gone, stored = (store.put_bytes(key, key.encode(), "text/plain") for key in ("a", "b"))
    for one in (gone, stored):
        store.doubts.note(one)
    store.delete("a")
    assert remove_leftovers(store) == 1
    assert list(store.keys("cache/doubts/")) == [f"cache/doubts/{stored.sha256}/b"]
