"""Commands that may open few files say so, and end as a service or disk in trouble does."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reelworks.settings import Settings
from tests.support.flows.runs import as_environment

pytestmark = pytest.mark.slow


SERVICE = 6
TOO_MANY = "Too many open files: this process may open"


def limited(most: int, environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    """Run a command that may open ``most`` files; return its exit code and what it said."""

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    done = subprocess.run(
        [sys.executable, "-m", "reelworks.app.cli", *arguments],
        env=os.environ | environment,
        preexec_fn=few,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def environment(clean_settings: Settings) -> Iterator[dict[str, str]]:
    yield as_environment(clean_settings)


@pytest.mark.parametrize("arguments", [("list",), ("search", "anything")], ids=["list", "search"])
@pytest.mark.parametrize("most", [8])
def test_few_files_are_enough_or_named(
    arguments: tuple[str, ...], most: int, environment: dict[str, str]
) -> None:
    code, said = limited(most, environment, *arguments)

    assert "Traceback" not in said
    assert "internal error" not in said
    assert code == 0 or (code == SERVICE and f"{TOO_MANY} {most}." in said), said


@pytest.mark.parametrize("most", [64])
def test_services_are_not_started_with_too_few_files(most: int, tmp_path: Path) -> None:
    own = {"DATA_DIR": str(tmp_path), "DATABASE_URL": "", "S3_ENDPOINT_URL": ""}

    code, said = limited(most, own, "up")

    assert code == SERVICE
    assert f"it may open only {most} files, and a server needs 256" in said
    assert "ulimit -n" in said


@pytest.mark.slow
@pytest.mark.parametrize("most", [12, 20, 40])
def test_an_index_run_with_few_files_succeeds_or_says_why(
    most: int, environment: dict[str, str], prefect_api: str, media: Path
) -> None:
    clip = min((media / "video").glob("*.mp4"), key=lambda path: path.stat().st_size)

    code, said = limited(
        most, environment | {"PREFECT_API_URL": prefect_api}, "index", str(clip), "--id", "clip"
    )

    assert "Traceback" not in said
    assert "internal error" not in said
    assert code == 0 or (code == SERVICE and TOO_MANY in said), said
