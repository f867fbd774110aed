"""Media files for the benchmarks, written by the ffmpeg that the product uses."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg


def make_media(path: Path, *arguments: str) -> None:
    """Have ffmpeg write ``path``, replacing what is there. Raises ``CalledProcessError``."""
    head = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y"]
    subprocess.run([*head, *arguments, str(path)], check=True)
