"""Odd media made from the real files by ffmpeg, each once a session, when a test asks for it."""

from __future__ import annotations

import random
import wave
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from faster_whisper.audio import decode_audio

from reelworks.media.ffmpeg import ffmpeg_binary
from reelworks.media.process import run_process
from tests.support.ebml import append_to_element
from tests.support.shared_folder import one_at_a_time

_TONE = "aevalsrc=sin(880*PI*t):s=48000:d=3"
_TONE_FROM_1S = "aevalsrc=gte(t\\,1)*sin(880*PI*t):s=48000:d=3"
_COUNT = ["-i", "{media}/video/counter.mp4"]
_TALK = ["-i", "{media}/video/voicestudio-en.mp4"]
_JFK = ["-i", "{media}/speech/jfk.flac"]
_MONO_16K = "aresample=16000,aformat=channel_layouts=mono"
_QUICK = ["-c:v", "libx264", "-preset", "ultrafast"]
_AAC_48K = ["-c:a", "aac", "-ar", "48000"]
_TO_PQ = (
    "scale=640:360,setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv,"
    "zscale=t=linear:npl=203,format=gbrpf32le,"
    "zscale=p=2020:t=smpte2084:m=2020_ncl:r=limited:npl=203,format=yuv420p10le"
)
_PQ_TAGS = "log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"
_FIELDS = "fps=50,scale=720:576,tinterlace=interleave_top,setfield=tff"

RECIPES: dict[str, list[str]] = {
    "vfr.mp4": [*_COUNT, "-vf", "select=not(between(mod(n\\,7)\\,2\\,4))", "-fps_mode", "vfr"]
    + _QUICK,
    "two_tracks.mkv": [*_COUNT, "-f", "lavfi", "-i", "sine=440:d=3", "-f", "lavfi", "-i"]
    + ["sine=880:d=3", "-map", "0", "-map", "1", "-map", "2", "-c:v", "copy", "-c:a", "aac"]
    + ["-disposition:a:0", "0", "-disposition:a:1", "default"]
    + ["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=spa"],
    "interlaced.ts": [*_TALK, "-t", "3", "-vf", _FIELDS, "-c:v", "mpeg2video", "-q:v", "3"]
    + ["-flags", "+ilme+ildct", "-aspect", "16:9", "-c:a", "ac3", "-f", "mpegts"],
    "anamorphic.mp4": [*_COUNT, "-vf", "scale=720:576,setsar=64/45", *_QUICK],
    "turned_180.mp4": ["-display_rotation", "180", *_COUNT, "-c", "copy"],
    "turned_270.mp4": ["-display_rotation", "270", *_COUNT, "-c", "copy"],
    "mirrored.mp4": ["-display_hflip", *_COUNT, "-c", "copy"],
    "upside_down.mp4": ["-display_vflip", *_COUNT, "-c", "copy"],
    "turned_mirrored.mp4": ["-display_rotation", "90", "-display_hflip", *_COUNT, "-c", "copy"],
    "hdr.mp4": [*_TALK, "-t", "1", "-an", "-vf", _TO_PQ, "-c:v", "libx265", "-preset"]
    + ["ultrafast", "-x265-params", _PQ_TAGS, "-tag:v", "hvc1"],
    "hdr_half_tagged.mp4": ["-i", "{made}/hdr.mp4", "-c", "copy", "-color_primaries", "2"]
    + ["-colorspace", "2", "-bsf:v", "hevc_metadata=colour_primaries=2:matrix_coefficients=2"],
    "odd_size.mkv": [*_COUNT, "-vf", "scale=321:181,format=yuv420p", "-c:v", "ffv1"],
    "portrait.mp4": [*_COUNT, "-vf", "transpose=1", *_QUICK],
    "tiny.mkv": [*_COUNT, "-vf", "scale=6:3,format=yuv444p", "-c:v", "ffv1"],
    "sixty.mp4": [*_COUNT, "-vf", "scale=640:-2,fps=60", *_QUICK],
    "late_sound.mp4": [*_COUNT, "-itsoffset", "1.5", "-f", "lavfi", "-i", _TONE, *_AAC_48K]
    + ["-c:v", "copy"],
    "early_sound.mkv": ["-itsoffset", "0.5", *_COUNT, "-f", "lavfi", "-i", _TONE_FROM_1S]
    + [*_AAC_48K, "-c:v", "copy"],
    "early_sound.ts": ["-itsoffset", "0.5", *_COUNT, "-f", "lavfi", "-i", _TONE_FROM_1S]
    + [*_QUICK, "-bf", "0", "-c:a", "ac3", "-f", "mpegts"],
    "sound_with_hole.mkv": [*_COUNT, "-f", "lavfi", "-i", _TONE, "-af"]
    + ["aselect=not(between(t\\,1\\,2))", "-c:v", "copy", "-c:a", "pcm_s16le"],
    "silent.mp4": [*_COUNT, "-f", "lavfi", "-i", "anullsrc=d=3", "-c:v", "copy", "-c:a", "aac"],
    "moving.gif": [*_COUNT, "-vf", "fps=10,scale=321:-1", "-f", "gif"],
    "still.png": [*_COUNT, "-frames:v", "1"],
    "cover.mp3": ["-i", "{media}/speech/sonnet_en.mp3", "-i", "{made}/still.png", "-t", "3"]
    + ["-map", "0:a", "-map", "1:v", "-disposition:v", "attached_pic", "-c:v", "png"],
    "conforming.mp4": [*_TALK, "-t", "4", "-vf", "fps=30", "-pix_fmt", "yuv420p", *_QUICK]
    + ["-g", "60", *_AAC_48K],
    "conforming_rare_keyframes.mp4": [*_TALK, "-vf", "fps=30", *_QUICK, "-g", "9999"]
    + ["-sc_threshold", "0", "-an"],
    "conforming_hole.mp4": ["-i", "{made}/conforming.mp4", "-an", "-vf"]
    + ["select=not(eq(n\\,60))", "-fps_mode", "passthrough", *_QUICK],
    "antiphase.wav": [*_JFK, "-filter_complex"]
    + ["aformat=channel_layouts=mono,pan=stereo|c0=c0|c1=-1*c0"],
    "two_speakers.wav": ["-i", "{media}/speech/two_cities.flac", *_JFK, "-filter_complex"]
    + [f"[0:a]{_MONO_16K}[a];[1:a]{_MONO_16K}[b];[a][b]join=channel_layout=stereo", "-t", "11"],
    "one_side.wav": ["-f", "lavfi", "-i", "anoisesrc=c=pink:a=0.5:d=11:r=16000", *_JFK]
    + ["-filter_complex", f"[1:a]{_MONO_16K}[b];[0:a][b]join=channel_layout=stereo"],
    "two_microphones.wav": [*_JFK, "-filter_complex"]
    + [f"{_MONO_16K},pan=stereo|c0=c0|c1=0.7*c0,adelay=0|9"],
    "surround.mka": [*_JFK, "-filter_complex", f"{_MONO_16K},pan=5.1|FC=c0|FL=0.1*c0"]
    + ["-c:a", "flac"],
    "second_track_speaks.mkv": ["-f", "lavfi", "-i", "testsrc2=s=640x360:r=30", "-f", "lavfi"]
    + ["-i", "anullsrc=r=48000:cl=stereo", *_JFK, "-map", "0", "-map", "1", "-map", "2", "-t"]
    + ["11", *_QUICK, "-c:a", "aac", "-disposition:a:0", "default", "-disposition:a:1", "0"],
    "dubbed.mkv": [*_JFK, "-i", "{media}/speech/two_cities.flac", "-map", "0", "-map", "1", "-t"]
    + ["11", "-c:a", "aac", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fra"]
    + ["-disposition:a:0", "default", "-disposition:a:1", "0"],
    "late_picture.mp4": ["-itsoffset", "4", *_TALK, *_TALK, "-map", "0:v", "-map", "1:a"]
    + ["-c", "copy"],
    "cover.mp4": ["-f", "lavfi", "-i", "color=blue:s=640x360:r=30:d=0.03"]
    + ["-i", "{media}/speech/two_cities.flac", *_QUICK, "-c:a", "aac"],
    "cover_live.mkv": ["-i", "{made}/cover.mp4", "-c", "copy", "-t", "5", "-live", "1"]
    + ["-f", "matroska"],
    "no_timing.mkv": [*_TALK, "-t", "6", "-s", "320x180", *_QUICK, "-c:a", "aac"]
    + ["-bsf:v", "setts=pts=0:dts=0"],
    "small.ts": ["-f", "lavfi", "-i", "color=white:s=320x180:r=30:d=3", *_QUICK, "-f", "mpegts"],
    "large.ts": ["-loop", "1", "-t", "8", "-i", "{media}/pages/login_flat.png", "-vf"]
    + ["scale=1280:720,format=yuv420p,fps=30", *_QUICK, "-output_ts_offset", "3", "-f", "mpegts"],
    "uncropped.mkv": ["-f", "lavfi", "-i", "testsrc2=s=640x360:r=10:d=1", *_QUICK, "-live", "1"]
    + ["-write_crc32", "0", "-f", "matroska"],
    "still.jpg": [*_COUNT, "-frames:v", "1"],
    "still.gif": [*_COUNT, "-frames:v", "1"],
    "still.webp": [*_COUNT, "-frames:v", "1"],
    "still.bmp": [*_COUNT, "-frames:v", "1"],
    "still.tiff": [*_COUNT, "-frames:v", "1"],
    "still.avif": [*_COUNT, "-frames:v", "1", "-vf", "scale=320:-2", "-c:v", "libaom-av1"]
    + ["-cpu-used", "8"],
    "moving.apng": [*_COUNT, "-t", "0.5", "-vf", "scale=160:-2", "-f", "apng"],
    "size_a.ts": [*_TALK, "-t", "3", "-s", "640x360", *_QUICK, "-ac", "1", "-c:a", "ac3"]
    + ["-f", "mpegts"],
    "size_b.ts": ["-ss", "3", *_TALK, "-t", "3", "-s", "321x181", "-pix_fmt", "yuv444p", *_QUICK]
    + ["-ac", "6", "-ar", "44100", "-c:a", "ac3", "-output_ts_offset", "3", "-f", "mpegts"],
}
NEEDS = {
    "cover.mp3": ["still.png"],
    "hdr_half_tagged.mp4": ["hdr.mp4"],
    "conforming_hole.mp4": ["conforming.mp4"],
    "changing.ts": ["size_a.ts", "size_b.ts"],
    "growing.ts": ["small.ts", "large.ts"],
    "cover_live.mkv": ["cover.mp4"],
    "cropped.mkv": ["uncropped.mkv"],
}
_SPEAKING_CHANNEL = {
    "10_channels.wav": (10, 10),
    "6_channels.wav": (6, 4),
    "3_channels.wav": (3, 3),
}
"""Name: channels, and the number of the only one that speaks."""
_CROP_60 = b"\x54\xbb\x81\x3c" + b"\x54\xaa\x81\x3c"
"""Matroska's PixelCropTop and PixelCropBottom of 60 pixels."""
_VIDEO_PATH = (b"\x18\x53\x80\x67", b"\x16\x54\xae\x6b", b"\xae", b"\xe0")
"""Segment, Tracks, TrackEntry, Video."""


def _bytes_of(change: Callable[[bytearray], None], origin: Path, target: Path) -> None:
    data = bytearray(origin.read_bytes())
    change(data)
    target.write_bytes(data)


def _flip_bits(data: bytearray) -> None:
    chance = random.Random(7)
    for _ in range(400):
        data[chance.randrange(len(data) // 10, len(data))] ^= 1 << chance.randrange(8)


def _wipe_pictures(data: bytearray) -> None:
    start = data.index(b"mdat") + 4
    end = start - 8 + int.from_bytes(data[start - 8 : start - 4], "big")
    data[start:end] = bytes(end - start)


def _crop(data: bytearray) -> None:
    append_to_element(data, _VIDEO_PATH, _CROP_60)


def _one_channel_speaks(origin: Path, target: Path, name: str) -> None:
    """Write the speech into one channel of a wav that says nothing of its layout."""
    count, number = _SPEAKING_CHANNEL[name]
    mono = decode_audio(str(origin))
    every = np.zeros((len(mono), count), "<i2")
    every[:, number - 1] = np.clip(mono, -1, 1) * 32767
    with wave.open(str(target), "wb") as stream:
        stream.setparams((count, 2, 16_000, 0, "NONE", ""))
        stream.writeframes(every.tobytes())


class MadeMedia:
    """Makes a file of ``RECIPES`` (or one of the damaged ones) on first use."""

    def __init__(self, media: Path, folder: Path) -> None:
        self._media = media
        self._folder = folder

    def __call__(self, name: str) -> Path:
        """Return the path of the file with that name."""
        target = self._folder / name
        with one_at_a_time(target):
            if not target.exists():
                for needed in NEEDS.get(name, ()):
                    self(needed)
                draft = target.with_name(f"draft-{name}")
                self._make(name, draft)
                draft.rename(target)
        return target

    def _make(self, name: str, target: Path) -> None:
        sintel = self._media / "video" / "sintel-trailer-30s.mp4"
        if name == "bitflips.mp4":
            _bytes_of(_flip_bits, sintel, target)
        elif name == "wiped.mp4":
            _bytes_of(_wipe_pictures, self._media / "odd" / "single_frame.mp4", target)
        elif name == "cropped.mkv":
            _bytes_of(_crop, self("uncropped.mkv"), target)
        elif name == "memo.amr":  # 500 frames of AMR-NB's mode 0 (RFC 4867)
            target.write_bytes(b"#!AMR\n" + (b"\x04" + bytes(12)) * 500)
        elif name in _SPEAKING_CHANNEL:
            _one_channel_speaks(self._media / "speech" / "jfk.flac", target, name)
        elif name in ("changing.ts", "growing.ts"):
            target.write_bytes(b"".join(self(part).read_bytes() for part in NEEDS[name]))
        else:
            folders = {"media": self._media, "made": self._folder}
            ffmpeg([part.format(**folders) for part in RECIPES[name]], target)


def ffmpeg(arguments: Sequence[str], target: Path) -> None:
    """Run the bundled ffmpeg on trusted arguments."""
    lead = [ffmpeg_binary(), "-nostdin", "-v", "error", "-y"]
    run_process([*lead, *arguments, f"file:{target}"])
