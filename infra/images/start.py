"""Entrypoint of the images: `python -m infra.images.start COMMAND ARGUMENTS`.

Looks at what only a container can get wrong, says so in one sentence, and becomes the command.
It imports nothing but the standard library, so that it costs a command some 20 ms.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

WRONG_SETTINGS = 4
"""The exit code of wrong settings, as the command line has it."""
NOT_FOUND = 127
"""The exit code of a shell for a command that is not there."""

CUDA_NEEDED = (13, 0)
"""The CUDA of the image's torch; drivers from 580 on know it (CUDA 13.0 release notes, table 3)."""


def main() -> None:
    """Check this container and replace this process with the command."""
    command = sys.argv[1:]
    trouble = folder_fault(Path(os.environ.get("DATA_DIR") or "~/.reelworks").expanduser())
    if trouble is None and os.environ.get("REELWORKS_IMAGE") == "cuda":
        trouble = driver_fault()
    if trouble is not None:
        print(f"Error: {trouble}", file=sys.stderr)
        sys.exit(WRONG_SETTINGS)
    try:
        os.execvp(command[0], command)  # noqa: S606  # the arguments of the container
    except FileNotFoundError:
        print(f"Error: This image has no command {command[0]}.", file=sys.stderr)
        sys.exit(NOT_FOUND)


def folder_fault(folder: Path) -> str | None:
    """Say what keeps this user from writing to ``DATA_DIR``: mostly a volume made by root."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"The folder {folder} (DATA_DIR) cannot be created: {error.strerror}."
    if os.access(folder, os.W_OK | os.X_OK):
        return None
    return (
        f"The folder {folder} (DATA_DIR) cannot be written by user {os.getuid()}; "
        f"give the volume to that user (chown {os.getuid()})."
    )


def driver_fault(library: str = "libcuda.so.1") -> str | None:
    """Say what keeps this container from its GPU, or None when CUDA is usable.

    ``library`` is the CUDA driver, which the NVIDIA Container Toolkit brings from the host; its
    functions: CUDA Driver API, ``cuInit`` and ``cuDriverGetVersion`` (1000 * major + 10 * minor).
    """
    try:
        driver = ctypes.CDLL(library)
    except OSError:
        return (
            "This is the CUDA image, but the container has no NVIDIA driver; start it with "
            "--gpus all on a host that has the driver and the NVIDIA Container Toolkit, "
            "or take the CPU image."
        )
    failure = driver.cuInit(0)
    if failure:
        return (
            f"The NVIDIA driver finds no GPU that it can use (CUDA error {failure}); "
            "look at nvidia-smi on the host and at what --gpus passes in."
        )
    number = ctypes.c_int()
    driver.cuDriverGetVersion(ctypes.byref(number))
    known = (number.value // 1000, number.value % 1000 // 10)
    if known >= CUDA_NEEDED:
        return None
    return (
        f"The host's NVIDIA driver supports CUDA {known[0]}.{known[1]}, but this image needs "
        f"{CUDA_NEEDED[0]}.{CUDA_NEEDED[1]}; install driver 580 or later on the host."
    )


if __name__ == "__main__":
    main()
