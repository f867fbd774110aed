"""What workers write about themselves, and how it is read."""

from __future__ import annotations

import os
import time

from infra.services.process import Process
from infra.workers.status.worker_status import (
    FRESH_SECONDS,
    KEEP_SECONDS,
    folder_of,
    own_file,
    read_statuses,
    remove_old,
    write_status,
)
from tests.infra.workers.status.conftest import facts


def test_what_is_written_is_read(tmp_path):
    written = facts()
    write_status(own_file(tmp_path), written)

    assert read_statuses(tmp_path) == [written]


def test_a_dead_worker_and_a_silent_one_elsewhere_are_left_out(tmp_path):
    folder = folder_of(tmp_path)
    write_status(folder / "dead.json", facts(process=Process(os.getpid(), "another birth")))
    long_ago = time.time() - FRESH_SECONDS - 1
    write_status(folder / "silent.json", facts(host="elsewhere", updated=long_ago))
    write_status(folder / "alive.json", facts(host="elsewhere", name="other container"))

    assert [one.name for one in read_statuses(tmp_path)] == ["other container"]


def test_the_file_of_a_worker_of_the_version_before_is_read(tmp_path):
    path = folder_of(tmp_path) / "old.json"
    written = facts()
    write_status(path, written)
    path.write_text(path.read_text().replace('"start_id"', '"born"'))

    remove_old(tmp_path)

    assert read_statuses(tmp_path) == [written]


def test_no_folder_and_broken_files_are_no_workers(tmp_path):
    assert read_statuses(tmp_path) == []
    folder_of(tmp_path).mkdir()
    (folder_of(tmp_path) / "broken.json").write_text("{")

    assert read_statuses(tmp_path) == []


def test_files_of_long_dead_workers_are_removed(tmp_path):
    old, new = folder_of(tmp_path) / "old.json", folder_of(tmp_path) / "new.json"
    write_status(old, facts(updated=time.time() - KEEP_SECONDS - 1))
    write_status(new, facts())

    remove_old(tmp_path)

    assert [path.name for path in folder_of(tmp_path).iterdir()] == ["new.json"]
