"""Nothing in DATA_DIR is open to the other users of the machine, whichever account made it."""

from __future__ import annotations

import os
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from blocks.worker_log import worker_log
from infra.services.files import make_folder
from infra.services.postgres.account import server_account
from infra.services.process import current
from infra.services.supervision.state import Service
from infra.services.supervision.supervisor import running
from infra.workers.status.worker_status import WorkerStatus, own_file, write_status
from reelworks.app.cli.crash_report import write_crash_report
from reelworks.domain.private_folder import make_private
from reelworks.pipeline.run_context import open_run_context
from reelworks.settings import Settings


@pytest.fixture
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def data_dir(usual_umask: None) -> Iterator[Path]:
    """A DATA_DIR that its user made himself, open to all as folders are."""
    with tempfile.TemporaryDirectory(prefix="rw-") as folder:
        path = Path(folder) / "data"
        Path(folder).chmod(0o755)
        path.mkdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o755
        yield path


def open_to_others(root: Path) -> list[str]:
    """What others may read in a folder that they may pass, by its modes."""
    found = []
    for entry in root.iterdir():
        if entry.is_symlink():
            continue
        mode = entry.stat().st_mode
        if mode & (stat.S_IROTH | stat.S_IWOTH):
            found.append(str(entry))
        if entry.is_dir() and mode & stat.S_IXOTH:
            found += open_to_others(entry)
    return found


def readable_without_rights(root: Path) -> str:
    """What the system account ``nobody`` can really read or write in a folder."""
    found = subprocess.run(
        ["find", str(root), "-mindepth", "1", "(", "-readable", "-o", "-writable", ")"],
        user=65534,
        group=65534,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout


@pytest.mark.slow
def test_after_up_others_can_read_nothing(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(data_dir))
    bare = Settings(
        _env_file=None,
        data_dir=data_dir,
        **dict.fromkeys(("database_url", "prefect_api_url", "s3_endpoint_url")),
        **dict.fromkeys(("s3_access_key_id", "s3_secret_access_key")),
    )
    with running(bare, (Service.POSTGRES, Service.STORE, Service.PREFECT)) as endpoints:
        settings = endpoints.settings(bare)
        with worker_log(settings) as log, open_run_context(settings) as ctx:
            log.info("a line")
            (ctx.new_work_dir("ingest") / "talk.mp4").write_bytes(b"private")
            write_crash_report(ValueError("a trace"))
            facts = WorkerStatus(
                name="w",
                pool="cpu",
                host="h",
                process=current(),
                release="1",
                revision="1",
                started=0.0,
                updated=0.0,
                children=[],
            )
            write_status(own_file(data_dir), facts)

            assert open_to_others(data_dir) == []
            if os.geteuid() == 0:
                assert readable_without_rights(data_dir) == ""

    closed = {one.name for one in data_dir.iterdir()}
    assert {"logs", "worker", "scratch", "postgres", "store", "run"} <= closed
    assert stat.S_IMODE(data_dir.stat().st_mode) & 0o044 == 0o044, "it is the user's own"


def test_every_folder_on_the_way_is_closed(data_dir: Path) -> None:
    make_private(data_dir / "a" / "b" / "c")

    for name in ("a", "a/b", "a/b/c"):
        assert stat.S_IMODE((data_dir / name).stat().st_mode) == 0o700
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o755


def test_a_folder_of_an_earlier_version_is_closed(data_dir: Path) -> None:
    (data_dir / "logs").mkdir(mode=0o755)

    make_folder(data_dir / "logs")
    make_folder(data_dir, is_users=True)

    assert stat.S_IMODE((data_dir / "logs").stat().st_mode) == 0o700
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o755


def test_what_was_opened_for_postgresql_to_pass_stays_so(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir(mode=0o711)

    make_folder(data_dir / "postgres")

    assert stat.S_IMODE((data_dir / "postgres").stat().st_mode) == 0o711
    assert server_account() is not None
