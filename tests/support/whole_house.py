"""All of Reelworks on this machine, as ``reelworks up`` starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

EXTERNAL = (
    *("DATABASE_URL", "S3_ENDPOINT_URL", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"),
    *("S3_BUCKET", "PREFECT_API_URL", "OPENAI_API_KEY"),
)


@dataclass(frozen=True)
class WholeHouse:
    """What runs under a DATA_DIR of its own."""

    variables: dict[str, str]
    """The environment of its commands, without any address."""

    @property
    def folder(self) -> Path:
        return Path(self.variables["DATA_DIR"])

    @property
    def password(self) -> str:
        """What Prefect's server asks for."""
        return (self.folder / "prefect" / "password").read_text()

    @property
    def urls(self) -> dict[str, str]:
        """Addresses and secrets."""
        found: dict[str, str] = self.json("status", "--urls")
        return found

    @property
    def addresses(self) -> dict[str, str]:
        """The address of each part that has one."""
        parts = self.json("status")["parts"]
        return {part["part"]: part["address"] for part in parts if part["address"]}

    def call(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run ``reelworks`` to its end."""
        return subprocess.run(
            [sys.executable, "-m", "reelworks.app.cli", *arguments],
            env=os.environ | self.variables | more,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def json(self, *arguments: str) -> Any:
        """Run ``reelworks`` to its good end and return what it wrote."""
        done = self.call(*arguments, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def processes(self) -> Iterator[tuple[str, psutil.Process]]:
        """Every process of each part, with all that they started."""
        for part in self.json("status")["parts"]:
            if part["pid"]:
                process = psutil.Process(part["pid"])
                for one in (process, *process.children(recursive=True)):
                    yield part["part"], one


@contextmanager
def whole_house(models_dir: Path) -> Iterator[WholeHouse]:
    """Have everything up; it may fetch from this machine, where tests have their web servers."""
    with tempfile.TemporaryDirectory(prefix="rw-", ignore_cleanup_errors=True) as folder:
        own = {"DATA_DIR": folder, "MODELS_DIR": str(models_dir), "API_PORT": "0"}
        house = WholeHouse(dict.fromkeys(EXTERNAL, "") | own | {"FETCH_PRIVATE_ADDRESSES": "true"})
        try:
            up = house.call("up")
            assert up.returncode == 0, up.stdout + up.stderr
            yield house
        finally:
            house.call("down", "--force")
