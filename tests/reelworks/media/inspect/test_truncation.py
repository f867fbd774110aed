"""A file that is not all there is known by the sizes that its container states."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest

from reelworks.media.inspect.truncation import missing_bytes

STATED = ["full.mp4", "fast.mp4", "fragments.mp4", "full.mov", "full.mkv", "full.webm", "full.wav"]
UNSTATED = ["full.ts", "full.mp3", "live.mkv"]
OPTIONS = {
    "fast.mp4": ["-movflags", "+faststart"],
    "fragments.mp4": ["-movflags", "+frag_keyframe+empty_moov"],
    "live.mkv": ["-live", "1"],
    "full.webm": ["-c:v", "libvpx", "-deadline", "realtime"],
}


def made(name: str, folder: Path) -> Path:
    path = folder / name
    sound = path.suffix in (".wav", ".mp3")
    source = "sine=d=2" if sound else "testsrc2=s=160x120:r=10:d=2"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", source]
    subprocess.run([*command, *OPTIONS.get(name, []), path], check=True)
    return path


@pytest.mark.parametrize("name", [*STATED, *UNSTATED, "full.avi"])
def test_a_whole_file_lacks_nothing(name: str, tmp_path: Path) -> None:
    assert missing_bytes(made(name, tmp_path)) == 0


@pytest.mark.parametrize("name", [*STATED, "full.avi"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_part_of_a_file_lacks_the_rest(name: str, share: float, tmp_path: Path) -> None:
    path = made(name, tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    assert 0 < missing_bytes(path) <= len(whole)


@pytest.mark.parametrize("name", UNSTATED)
def test_formats_that_state_no_size_say_nothing(name: str, tmp_path: Path) -> None:
    path = made(name, tmp_path)
    path.write_bytes(path.read_bytes()[:3000])
    assert missing_bytes(path) == 0


@pytest.mark.parametrize("content", [b"", b"x", b"no media at all, just text", bytes(64)])
def test_what_is_no_media_says_nothing(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    assert missing_bytes(path) == 0


def test_every_medium_of_the_tests_is_whole(media: Path) -> None:
    known = {"truncated_faststart_50pct.mp4"}
    for path in sorted(media.rglob("*")):
        if path.is_file() and path.name not in known:
            assert missing_bytes(path) == 0, path
