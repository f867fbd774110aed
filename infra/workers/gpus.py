"""GPU ids that a worker may give to its children."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from shutil import which

_ID = re.compile(r"^(?P<indent>\s*).*UUID: (?P<id>[\w/-]+)\)", re.MULTILINE)


def visible_gpus(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the ids of this worker's GPUs, as ``CUDA_VISIBLE_DEVICES`` takes them.

    That variable decides where it is set; else NVIDIA's own program lists them. Empty without GPU.
    """
    chosen = environment.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return tuple(one.strip() for one in chosen.split(",") if _is_device(one.strip()))
    program = which("nvidia-smi")
    if program is None:
        return ()
    try:
        listed = subprocess.run(
            [program, "-L"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):  # a driver that does not answer is no GPU
        return ()
    return listed_gpus(listed.stdout) if listed.returncode == 0 else ()


def listed_gpus(listing: str) -> tuple[str, ...]:
    """Return the ids in what ``nvidia-smi -L`` prints.

    A GPU that is cut into MIG devices, which are indented below it, counts by those.
    """
    found: list[str] = []
    for match in _ID.finditer(listing):
        inside = bool(match["indent"])
        if inside and found and found[-1].startswith("GPU-"):
            found.pop()
        found.append(match["id"])
    return tuple(found)


def _is_device(text: str) -> bool:
    """Tell a device from an empty entry, -1 and other ways to say none."""
    return bool(text) and text.lower() not in {"-1", "none", "void", "nodevfiles"}
