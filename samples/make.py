"""Makes ``reelworks-demo.mp4`` again from a folder of the original media.

    python samples/make.py MEDIA_FOLDER [OUTPUT]

``README.md`` beside this file says where the originals come from. One encoder thread and no
metadata make the same ffmpeg build write the same bytes each time.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg

SINTEL = "video/sintel-trailer-30s.mp4"
CONSOLE = "video/aws-cloudformation-create-stack.gif"
NASA = "video/nasa_13013.mp4"
KENNEDY = "speech/jfk.flac"
DICKENS = "speech/two_cities.wav"

FIT = (
    "fps=30,scale=1280:720:force_original_aspect_ratio=decrease:flags=lanczos,"
    "pad=1280:720:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuv420p,setpts=PTS-STARTPTS"
)
GRAPH = ";".join(
    (
        f"[0:v]trim=12:20,setpts=PTS-STARTPTS,{FIT}[film]",
        f"[1:v]{FIT}[console]",
        f"[2:v:1]trim=6:12,setpts=PTS-STARTPTS,{FIT}[space]",
        "[film][console][space]concat=n=3[picture]",
        "[3:a]aresample=48000,aformat=channel_layouts=mono,loudnorm=I=-18,aresample=48000,"
        "adelay=500,apad=whole_dur=12[kennedy]",
        # 0.9 to 24.3 s: between two pauses, so that no word is cut.
        "[4:a]atrim=0.9:24.3,asetpts=PTS-STARTPTS,aresample=48000,aformat=channel_layouts=mono,"
        "loudnorm=I=-18,aresample=48000[dickens]",
        "[kennedy][dickens]concat=n=2:v=0:a=1,apad=whole_dur=35.9,atrim=0:35.9[sound]",
    )
)
ENCODE = (
    "-c:v libx264 -preset slow -crf 24 -g 60 -threads 1 -x264-params threads=1 "
    "-c:a aac -b:a 80k -movflags +faststart -map_metadata -1 -fflags +bitexact "
    "-flags:v +bitexact -flags:a +bitexact"
)


def main() -> None:
    """Read the arguments and run ffmpeg once."""
    media = Path(sys.argv[1])
    default = Path(__file__).parent / "reelworks-demo.mp4"
    output = Path(sys.argv[2]) if len(sys.argv) > 2 else default
    inputs = [
        part
        for name in (SINTEL, CONSOLE, NASA, KENNEDY, DICKENS)
        for part in ("-i", str(media / name))
    ]
    head = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y"]
    graph = ["-filter_complex", GRAPH, "-map", "[picture]", "-map", "[sound]"]
    subprocess.run([*head, *inputs, *graph, *ENCODE.split(), str(output)], check=True)


if __name__ == "__main__":
    main()
