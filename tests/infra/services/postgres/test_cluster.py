"""PostgreSQL's files: addresses, leftovers and reasons, without a server."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from infra.services.postgres.cluster import PostgresPaths, clear_leftovers, start_failure
from infra.services.process import Command, is_alive, start, stop
from reelworks.errors import NoSpaceError, ServiceError


@pytest.fixture
def paths(tmp_path: Path) -> PostgresPaths:
    home = tmp_path / "postgres"
    home.mkdir()
    return PostgresPaths(home, tmp_path / "postgres.log")


def test_an_address_has_the_password_of_the_file(paths: PostgresPaths) -> None:
    url = urlsplit(paths.url(5432, "a b"))

    assert (url.hostname, url.port, url.path) == ("127.0.0.1", 5432, "/a%20b")
    assert url.password == (paths.home / "password").read_text().strip()
    assert paths.url(5432) == paths.url(5432), "it is made once"


def test_a_full_disk_is_told_from_other_reasons(paths: PostgresPaths) -> None:
    full = start_failure(paths, "could not write: No space left on device")
    other = start_failure(paths, "bad configuration")

    assert isinstance(full, NoSpaceError)
    assert str(paths.home) in str(full)
    assert not isinstance(other, NoSpaceError)
    assert isinstance(other, ServiceError)
    assert f"bad configuration (log: {paths.log})" in str(other)


def test_without_a_lock_file_nothing_is_ended(paths: PostgresPaths) -> None:
    paths.cluster.mkdir()
    code = "import time; time.sleep(60)"
    arguments = [sys.executable, "-c", code, "postgres"]
    process = start(Command(arguments, paths.log, folder=paths.cluster))
    try:
        clear_leftovers(paths.cluster)
        assert is_alive(process)
    finally:
        stop(process)


def test_the_lock_file_of_a_killed_server_is_removed(paths: PostgresPaths) -> None:
    paths.cluster.mkdir()
    lock = paths.cluster / "postmaster.pid"
    lock.write_text(str(os.getpid()))

    clear_leftovers(paths.cluster)

    assert not lock.exists()
