"""The processes that ``bench.fleet.kills`` kills and starts again."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import psutil

from infra.fleet.plan import HEARTBEAT
from infra.services.supervision.state import Service, read_state
from reelworks.settings import Settings

ROOT = Path(__file__).parents[2]
POOL = "naps"
TARGETS = ("flow process", "worker", "dispatcher", "Prefect server", "PostgreSQL")
EMBEDDED = {"Prefect server": Service.PREFECT, "PostgreSQL": Service.POSTGRES}


class Processes:
    """The processes that are killed, each started again by the benchmark."""

    def __init__(self, folder: Path, settings: Settings, chance: random.Random) -> None:
        self.folder = folder
        self._settings = settings
        self._chance = chance
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start the dispatcher and two workers, or those of them that are dead."""
        for name, command in self._commands().items():
            process = self._running.get(name)
            if process is None or process.poll() is not None:
                with (self.folder / f"{name}.log").open("ab") as log:
                    self._running[name] = subprocess.Popen(
                        command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT,
                        env=os.environ | HEARTBEAT | {"PREFECT_WORKER_QUERY_SECONDS": "0.5"},
                    )  # fmt: skip

    def _commands(self) -> dict[str, list[str]]:
        worker = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL]
        return {
            "dispatcher": [sys.executable, "-m", "reelworks.app.dispatcher"],
            "worker-1": [*worker, "--name", "one", "--limit", "2"],
            "worker-2": [*worker, "--name", "two", "--limit", "2"],
        }

    def kill(self, target: str) -> bool:
        """Kill a process of this kind; False when there is none at the moment."""
        pid = self._pid(target)
        if pid is None:
            return False
        psutil.Process(pid).kill()
        return True

    def _pid(self, target: str) -> int | None:
        if target == "dispatcher":
            return self._running["dispatcher"].pid
        if target in EMBEDDED:
            state = read_state(self._settings.data_dir / "run")
            running = state.alive(EMBEDDED[target])
            return running.process.pid if running else None
        worker = self._running[self._chance.choice(["worker-1", "worker-2"])]
        if target == "worker":
            return worker.pid
        return next((one.pid for one in _children(worker.pid)), None)

    def stop(self) -> None:
        """Stop all processes, with the workers' children."""
        for process in self._running.values():
            family = _children(process.pid)
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
            for child in family:
                if child.is_running():
                    child.kill()


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
