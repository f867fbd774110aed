"""Draws slides and encodes pictures as the normalize stage would."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import imageio_ffmpeg
from PIL import Image, ImageDraw, ImageFont

SIZE = (1280, 720)
DECK = (
    ("Quarterly results", ("Revenue grew by nine percent", "Costs stayed flat", "Two new markets")),
    ("Quarterly results", ("Support answers in four hours", "Churn fell", "An office in Lisbon")),
    ("What comes next", ("Hire five engineers", "Ship the mobile app", "Renew the lease")),
    ("What comes next", ("Measure before release", "Retire the old login", "Write the handbook")),
)
"""Pairs of slides share title, bar and footer: only the lines tell them apart."""


def slide(title: str, lines: Sequence[str], *, dark: bool = False) -> Image.Image:
    """Draw one slide: bar, title, lines, footer."""
    ground, ink = ((24, 26, 32), (230, 230, 235)) if dark else ((255, 255, 255), (30, 30, 40))
    picture = Image.new("RGB", SIZE, ground)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, SIZE[0], 20), fill=(0, 90, 160))
    draw.text((1020, 670), "Acme Corp.", font=ImageFont.load_default(24), fill=(120, 120, 120))
    draw.text((80, 80), title, font=ImageFont.load_default(60), fill=ink)
    for row, line in enumerate(lines):
        draw.text((110, 220 + 90 * row), line, font=ImageFont.load_default(40), fill=ink)
    return picture


def show(path: Path, pictures: Sequence[tuple[Image.Image, float]], *, rate: int = 30) -> Path:
    """Encode pictures, each shown for some seconds, at ``rate`` pictures a second."""
    size = "x".join(str(side) for side in pictures[0][0].size)
    raw = b"".join(picture.tobytes() * round(seconds * rate) for picture, seconds in pictures)
    head = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", str(rate), "-i", "-"]
    _ffmpeg(
        [*head, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path)], raw
    )
    return path


def normalized(source: Path, folder: Path) -> tuple[Path, Path]:
    """Return (normalized video, proxy) of ``source``: 30 fps, up to 720 and 180 lines."""
    video, proxy = folder / f"{source.stem}.norm.mp4", folder / f"{source.stem}.proxy.mp4"
    codec = ["-an", "-sn", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "ultrafast"]
    large = ["-vf", r"fps=30,scale=-2:min(720\,ih)", *codec, "-g", "60", str(video)]
    small = ["-vf", "fps=30,scale=-2:180", *codec, "-crf", "20", str(proxy)]
    _ffmpeg(["-i", str(source), *large, *small])
    return video, proxy


def _ffmpeg(arguments: list[str], stdin: bytes | None = None) -> None:
    head = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]
    subprocess.run([*head, *arguments], input=stdin, check=True)
