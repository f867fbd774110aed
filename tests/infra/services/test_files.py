"""Files that only their owner reads, logs that stay small, ports that are free."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from infra.services import files
from infra.services.files import (
    free_ports,
    is_free,
    make_folder,
    rotate_log,
    secret_in,
    write_private,
)
from reelworks.errors import PermissionDeniedError


def test_a_secret_is_made_once_and_read_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    first = secret_in(path)
    assert secret_in(path) == first
    assert len(first) >= 24
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret_in(tmp_path / "another") != first


def test_a_folder_is_made_for_its_owner_only(tmp_path: Path) -> None:
    made = make_folder(tmp_path / "a" / "b")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PermissionDeniedError, match=r"file/data cannot be written; set DATA_DIR"):
        make_folder(tmp_path / "file" / "data")


def test_a_file_where_a_folder_must_be_is_named_and_left_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "workers"
    file.write_text("mine")
    file.chmod(0o644)

    with pytest.raises(PermissionDeniedError, match="workers cannot be written"):
        make_folder(file)
    with pytest.raises(PermissionDeniedError, match=r"w\.json cannot be written \(Not a directory"):
        write_private(file / "w.json", "{}")

    assert stat.S_IMODE(file.stat().st_mode) == 0o644


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_of_somebody_else_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionDeniedError, match="cannot be written; set DATA_DIR"):
        make_folder(tmp_path / "data")


def test_a_long_log_is_cut_under_the_server_that_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LOG_LIMIT", 100)
    log = tmp_path / "log"
    with log.open("ab", buffering=0) as server:
        for number in range(100):
            server.write(b"%03d\n" % number)
        rotate_log(log)
        server.write(b"after\n")
    assert log.read_text() == "after\n"
    assert (tmp_path / "log.1").read_text().splitlines()[-1] == "099"
    assert (tmp_path / "log.1").stat().st_size == 100


def test_ports_are_different_and_those_of_last_time_come_first() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    assert free_ports(5, ports) == ports
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports[2]))
        taken.listen()
        assert not is_free(ports[2])
        assert ports[2] not in free_ports(5, ports)
