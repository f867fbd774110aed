"""Short videos for ``bench.fleet.run``: five seconds each, no two alike.

Film, a recorded console, slides and a talk, each with other speech; every fifth has no sound. All
from ``tests/media`` and ``samples``.
"""

from __future__ import annotations

from pathlib import Path

from bench.ffmpeg import make_media

ROOT = Path(__file__).parents[2]
MEDIA = ROOT / "tests" / "media"
SECONDS = 5.0
VIDEOS = (
    (ROOT / "samples" / "reelworks-demo.mp4", 35.9),
    (MEDIA / "video" / "sintel-trailer-30s.mp4", 30.0),
    (MEDIA / "video" / "testvideo.mp4", 24.0),
    (MEDIA / "video" / "voicestudio-en.mp4", 11.4),
)
SPEECH = ((MEDIA / "speech" / "two_cities.flac", 44.4), (MEDIA / "speech" / "sonnet_en.mp3", 53.3))
"""Files and their lengths in seconds."""
VIDEO_STEP, SPEECH_STEP = 0.37, 1.9
"""Seconds by which the next clip of the same file starts later."""
ENCODE = "-vf scale=-2:480,fps=25 -c:v libx264 -preset ultrafast -crf 20 -c:a aac -b:a 96k"


def make_clips(folder: Path, count: int) -> list[Path]:
    """Write ``count`` clips into ``folder`` and return them."""
    return [_make(folder / f"clip-{number:03d}.mp4", number) for number in range(count)]


def _make(path: Path, number: int) -> Path:
    video = _part(VIDEOS[number % len(VIDEOS)], number * VIDEO_STEP)
    sound = _part(SPEECH[number % len(SPEECH)], number * SPEECH_STEP)
    silent = number % 5 == 4
    tracks = ["-an"] if silent else ["-map", "1:a:0"]
    make_media(path, *video, *sound, "-map", "0:v:0", *tracks, *ENCODE.split())
    return path


def _part(source: tuple[Path, float], start: float) -> list[str]:
    path, length = source
    offset = start % (length - SECONDS)
    return ["-ss", f"{offset:.2f}", "-t", str(SECONDS), "-i", str(path)]
