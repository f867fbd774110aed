"""A DATA_DIR with a PostgreSQL cluster in it, and who works there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from infra.services.supervision.supervisor import down
from reelworks.settings import Settings


@pytest.fixture
def house(tmp_path: Path, copy_cluster: Callable[[Path], None]) -> Iterator[Settings]:
    nothing = ("database_url", "prefect_api_url", "s3_endpoint_url", "s3_access_key_id")
    settings = Settings(
        _env_file=None,
        data_dir=tmp_path / "house",
        s3_secret_access_key=None,
        **dict.fromkeys(nothing),
    )
    copy_cluster(settings.data_dir / "postgres")
    yield settings
    down(settings, force=True)
    assert not processes_in(settings), "something was left running"


def processes_in(settings: Settings) -> list[psutil.Process]:
    """Return the living processes that work under DATA_DIR."""
    found = []
    for process in psutil.process_iter(["cwd", "status"]):
        cwd = process.info["cwd"] or ""
        if cwd.startswith(str(settings.data_dir)) and process.info["status"] != "zombie":
            found.append(process)
    return found
