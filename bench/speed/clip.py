"""The clip of the benchmark: 60 s, 1920x1080, 30 fps, the same bytes for the same ffmpeg.

Film with cuts and fades (24 s), a recorded console (21.9 s), stills with fades (14.1 s); speech
nearly throughout (two speakers). All from ``tests/media`` and ``samples``.

    python -m bench.speed.clip OUTPUT
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench.ffmpeg import make_media

ROOT = Path(__file__).parents[2]
MEDIA = ROOT / "tests" / "media"
INPUTS = (
    MEDIA / "video" / "sintel-trailer-30s.mp4",
    ROOT / "samples" / "reelworks-demo.mp4",
    MEDIA / "video" / "testvideo.mp4",
    MEDIA / "speech" / "two_cities.flac",
    MEDIA / "speech" / "jfk.flac",
)
FIT = (
    "setpts=PTS-STARTPTS,fps=30,scale=1920:1080:force_original_aspect_ratio=decrease,"
    "pad=1920:1080:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuv420p"
)
GRAPH = ";".join(
    (
        f"[0:v]trim=6:30,{FIT}[film]",
        f"[1:v]trim=8:29.9,{FIT}[console]",
        f"[2:v]trim=0:14.1,{FIT}[stills]",
        "[film][console][stills]concat=n=3[video]",
        "[3:a]aresample=48000,aformat=channel_layouts=mono,adelay=500,apad=whole_dur=46[first]",
        "[4:a]aresample=48000,aformat=channel_layouts=mono[second]",
        "[first][second]concat=n=2:v=0:a=1,apad=whole_dur=60,atrim=0:60[sound]",
    )
)
# Quick and large, as a camera would write it: the benchmark must not wait for its own clip.
ENCODE = (
    "-t 60 -c:v libx264 -preset veryfast -crf 18 -threads 1 -c:a aac -b:a 128k "
    "-map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact"
)
SPOKEN = ("speech/two_cities.wav", "speech/jfk.flac")
"""The speeches in it, in order, as the ground truth names them."""


def make_clip(path: Path) -> Path:
    """Write the clip to ``path`` and what is said in it beside it (``.txt``); return ``path``."""
    inputs = [part for source in INPUTS for part in ("-i", str(source))]
    graph = ["-filter_complex", GRAPH, "-map", "[video]", "-map", "[sound]"]
    make_media(path, *inputs, *graph, *ENCODE.split())
    truth = json.loads((MEDIA / "ground_truth.json").read_text(encoding="utf-8"))
    spoken = [truth[name]["text"] for name in SPOKEN]
    path.with_suffix(".txt").write_text("\n".join(spoken), encoding="utf-8")
    return path


if __name__ == "__main__":
    make_clip(Path(sys.argv[1]))
