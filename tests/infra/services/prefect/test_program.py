"""Prefect's server as a program: what it refuses before it serves."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def test_without_an_auth_string_it_does_not_start() -> None:
    environment = {name: value for name, value in os.environ.items() if "PREFECT" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "infra.services.prefect.program", "0"],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "PREFECT_SERVER_API_AUTH_STRING is not set."
