"""The real command line in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from reelworks.settings import Settings
from tests.support.flows.runs import as_environment


@dataclass(frozen=True)
class Said:
    """How a command ended and what it wrote."""

    code: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        return self.raw.decode()

    @property
    def json(self) -> Any:
        """All of stdout as one JSON document."""
        return json.loads(self.raw)


Reelworks = Callable[..., Said]


def call(*arguments: str | bytes, environment: dict[str, str], timeout: float = 120.0) -> Said:
    done = subprocess.run(
        [sys.executable, "-m", "reelworks.app.cli", *arguments],
        env={k: v for k, v in (os.environ | environment).items() if k != "COLUMNS" or v},
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr.decode(errors="replace"))


@pytest.fixture
def reelworks(clean_settings: Settings) -> Reelworks:
    """Run ``reelworks`` on an empty database and bucket of this test's own."""

    def run(*arguments: str | bytes, **environment: str) -> Said:
        return call(*arguments, environment=as_environment(clean_settings) | environment)

    return run
