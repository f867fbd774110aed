"""PostgreSQL's account: which folders it may enter, and where its programs lie."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from infra.services.postgres.account import (
    Account,
    data_folder,
    may_enter,
    reachable_programs,
    server_account,
)
from infra.services.postgres.cluster import programs

ROOT = os.geteuid() == 0


def test_a_folder_is_open_to_its_owner_or_to_everybody(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    owner, other = Account(os.getuid(), os.getgid()), Account(os.getuid() + 4242, 4242)

    assert may_enter(closed / "file", owner)
    assert not may_enter(closed / "file", other)
    assert may_enter(closed, other), "the folders above count, not the folder itself"


def test_this_process_names_a_cluster_as_it_is(tmp_path: Path) -> None:
    assert data_folder(tmp_path, Account()) == str(tmp_path)
    assert data_folder(tmp_path, Account(4242, 4242)) == "/proc/self/cwd"


def test_programs_that_anybody_can_run_are_not_copied(tmp_path: Path) -> None:
    install = tmp_path / "pginstall"

    assert reachable_programs(install, Account(), tmp_path / "shared") == install / "bin"
    assert not (tmp_path / "shared").exists()


@pytest.mark.skipif(not ROOT, reason="only root runs it as another account")
def test_programs_in_a_closed_folder_are_copied_once_to_where_the_account_can_run_them(
    tmp_path: Path,
) -> None:
    account, shared = server_account(), tmp_path / "shared"
    tmp_path.chmod(0o755)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    shutil.copytree(programs().parent, closed / "pginstall", symlinks=True)
    (closed / "pginstall" / "share").chmod(0o700)  # as under a umask of 077

    copied = reachable_programs(closed / "pginstall", account, shared)

    assert copied.is_relative_to(shared)
    said = subprocess.run(
        [str(copied / "postgres"), "--version"],
        **{"user": account.user, "group": account.group, "extra_groups": [], "cwd": "/"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.startswith("postgres (PostgreSQL) ")
    assert stat.S_IMODE((copied.parent / "share").stat().st_mode) == 0o755
    made = copied.stat().st_ino
    assert reachable_programs(closed / "pginstall", account, shared).stat().st_ino == made
    assert [path.name for path in shared.iterdir()] == [copied.parent.name]
    assert reachable_programs(closed / "pginstall", Account(), shared).is_relative_to(closed)
    assert closed.stat().st_mode & 0o777 == 0o700
