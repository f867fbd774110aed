"""The real command line in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from reelworks.settings import Settings
from tests.support.flows.runs import as_environment
from tests.support.forked import OF_THE_INTERPRETER, Commands, forked_commands


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


def with_ours(environment: dict[str, str]) -> dict[str, str]:
    """The environment of a command: this process's with these variables."""
    return {k: v for k, v in (os.environ | environment).items() if k != "COLUMNS" or v}


def call(*arguments: str | bytes, environment: dict[str, str], timeout: float = 120.0) -> Said:
    done = subprocess.run(
        [sys.executable, "-m", "reelworks.app.cli", *arguments],
        env=with_ours(environment),
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr.decode(errors="replace"))


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    """A process that has imported the command line, forked for each command."""
    with forked_commands() as commands:
        yield commands


@pytest.fixture
def reelworks(clean_settings: Settings, commands: Commands) -> Reelworks:
    """Run ``reelworks`` on an empty database and bucket of this test's own."""

    def run(*arguments: str | bytes, **environment: str) -> Said:
        own = as_environment(clean_settings) | environment
        if any(name.startswith(OF_THE_INTERPRETER) for name in environment):
            return call(*arguments, environment=own)
        ended = commands.run(arguments, with_ours(own), timeout=120.0)
        return Said(ended.code, ended.out, ended.err.decode(errors="replace"))

    return run
