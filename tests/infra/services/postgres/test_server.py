"""The embedded PostgreSQL: guarded, on the loopback address only, and hard to break."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from infra.services.postgres.account import ACCOUNT, may_enter, server_account
from infra.services.postgres.cluster import PostgresPaths, programs
from infra.services.postgres.server import answers, start_postgres, stop_postgres
from infra.services.process import Process, current, is_alive, start_id_of
from reelworks.errors import ServiceError

pytestmark = pytest.mark.slow


ROOT = os.geteuid() == 0


@pytest.fixture
def paths(tmp_path: Path, copy_cluster: Callable[[Path], None]) -> PostgresPaths:
    copy_cluster(tmp_path / "postgres")
    return PostgresPaths(tmp_path / "postgres", tmp_path / "postgres.log")


@pytest.fixture(scope="module")
def shared() -> Iterator[PostgresPaths]:
    with tempfile.TemporaryDirectory(prefix="rw-") as folder:
        yield PostgresPaths(Path(folder) / "postgres", Path(folder) / "postgres.log")


@pytest.fixture(scope="module")
def server(shared: PostgresPaths) -> Iterator[tuple[Process, int]]:
    process, port = start_postgres(shared)
    yield process, port
    stop_postgres(process)


def one(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[call-overload]
    assert row is not None
    return row[0]


@pytest.mark.parametrize("database", ["reelworks", "prefect"])
def test_both_databases_have_the_extensions(
    shared: PostgresPaths, server: tuple[Process, int], database: str
) -> None:
    names = one(shared.url(server[1], database), "SELECT array_agg(extname) FROM pg_extension")
    assert {"vector", "pg_trgm", "unaccent"} <= set(names)  # type: ignore[call-overload]


def test_it_stores_durably_and_knows_letters_of_all_languages(
    shared: PostgresPaths, server: tuple[Process, int]
) -> None:
    url = shared.url(server[1])
    assert one(url, "SHOW fsync") == "on"
    assert one(url, "SHOW server_encoding") == "UTF8"
    assert one(url, "SELECT lower('ÄÖÉ')") == "äöé"
    assert one(url, "SELECT to_tsvector('german', 'Schöne Bücher')::text") == "'buch':2 'schon':1"


def test_it_asks_for_the_password_and_keeps_it_private(
    shared: PostgresPaths, server: tuple[Process, int]
) -> None:
    port = server[1]
    assert answers(shared.url(port))
    assert not answers(shared.url(port).replace(shared.password, "guess"))
    assert not answers(f"postgresql://reelworks@127.0.0.1:{port}/reelworks")
    assert stat.S_IMODE((shared.home / "password").stat().st_mode) == 0o600


def test_it_listens_on_the_loopback_address_only(server: tuple[Process, int]) -> None:
    listening = psutil.Process(server[0].pid).net_connections("all")
    addresses = [one.laddr for one in listening if one.status == psutil.CONN_LISTEN]
    assert [(one.ip, one.port) for one in addresses] == [("127.0.0.1", server[1])]
    assert not [one for one in listening if one.family == socket.AF_UNIX and one.laddr]


def test_data_survives_a_stop_and_the_port_stays(paths: PostgresPaths) -> None:
    process, port = start_postgres(paths)
    with psycopg.connect(paths.url(port)) as connection:
        connection.execute("CREATE TABLE saved AS SELECT 7 AS number")
    assert stop_postgres(process)
    process, again = start_postgres(paths, port)
    assert again == port
    assert one(paths.url(port), "SELECT number FROM saved") == 7
    stop_postgres(process)


def test_data_survives_kill_9_of_every_process(paths: PostgresPaths) -> None:
    process, port = start_postgres(paths)
    with psycopg.connect(paths.url(port)) as connection:
        connection.execute("CREATE TABLE saved AS SELECT 7 AS number")
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children()]
    for member in family:
        member.kill()
    process, port = start_postgres(paths, port)
    assert one(paths.url(port), "SELECT number FROM saved") == 7
    stop_postgres(process)


def test_it_starts_while_children_of_a_killed_server_still_run(paths: PostgresPaths) -> None:
    process, port = start_postgres(paths)
    with psycopg.connect(paths.url(port)) as busy:
        backend = busy.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        os.kill(process.pid, signal.SIGKILL)
        process, port = start_postgres(paths)
        assert start_id_of(backend) is None
    assert answers(paths.url(port))
    stop_postgres(process)


def test_a_lock_file_that_names_some_other_process_does_not_stop_it(paths: PostgresPaths) -> None:
    process, port = start_postgres(paths)
    lock = (paths.cluster / "postmaster.pid").read_text()
    stop_postgres(process)
    ours = current()
    (paths.cluster / "postmaster.pid").write_text(lock.replace(str(process.pid), str(ours.pid)))
    process, _ = start_postgres(paths, port)
    assert is_alive(ours)
    stop_postgres(process)


def test_an_interrupted_first_start_is_made_good(tmp_path: Path) -> None:
    paths = PostgresPaths(tmp_path / "postgres", tmp_path / "log")
    (paths.home / "cluster.new" / "base").mkdir(parents=True)
    (paths.home / "cluster.new" / "PG_VERSION").write_text("18\n")
    process, port = start_postgres(paths)
    assert answers(paths.url(port))
    stop_postgres(process)


def test_a_deep_folder_will_do(tmp_path: Path) -> None:
    home = tmp_path.joinpath(*["a-folder-with-a-long-name, spaces and ümlauts"] * 5) / "postgres"
    paths = PostgresPaths(home, tmp_path / "log")
    process, port = start_postgres(paths)
    assert answers(paths.url(port))
    stop_postgres(process)


def test_a_broken_cluster_is_one_sentence_with_the_log(paths: PostgresPaths) -> None:
    process, _ = start_postgres(paths)
    stop_postgres(process)
    (paths.cluster / "global" / "pg_control").unlink()
    with pytest.raises(ServiceError, match=r"PostgreSQL did not start: .*postgres\.log"):
        start_postgres(paths)


@pytest.mark.skipif(not ROOT, reason="only root runs it as another account")
def test_root_runs_it_as_an_account_for_it_and_opens_no_folder(
    tmp_path: Path,
) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    paths = PostgresPaths(private / "postgres", private / "postgres.log")
    process, port = start_postgres(paths)
    assert psutil.Process(process.pid).username() == ACCOUNT
    assert answers(paths.url(port))
    stop_postgres(process)
    assert not private.stat().st_mode & stat.S_IRWXO
    assert os.listxattr(private) == os.listxattr(paths.home) == [], "nor by an access list"
    assert not may_enter(paths.cluster, server_account())
    unprivileged = pwd.getpwnam("nobody")
    seen = subprocess.run(
        ["ls", str(private / "postgres")],
        user=unprivileged.pw_uid,
        group=unprivileged.pw_gid,
        check=False,
    )
    assert seen.returncode != 0


@pytest.mark.skipif(not ROOT, reason="an ordinary user runs all the other tests already")
def test_an_ordinary_user_can_run_it() -> None:
    unprivileged = pwd.getpwnam("nobody")
    code = f"""
        import os, tempfile
        from pathlib import Path
        from infra.services.postgres.cluster import PostgresPaths
        from infra.services.postgres.server import answers, start_postgres, stop_postgres
        os.setgroups([]); os.setgid({unprivileged.pw_gid}); os.setuid({unprivileged.pw_uid})
        with tempfile.TemporaryDirectory() as folder:
            paths = PostgresPaths(Path(folder) / "postgres", Path(folder) / "log")
            process, port = start_postgres(paths)
            good = answers(paths.url(port))
            stop_postgres(process)
        print("good" if good else "bad")
    """
    root = Path(__file__).parents[4]
    if not all(folder.stat().st_mode & stat.S_IXOTH for folder in programs().parents):
        pytest.skip("PostgreSQL lies in a folder that others may not enter")
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd="/", env={**os.environ, "PYTHONPATH": str(root), "TMPDIR": "/tmp"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "good\n", done.stderr
