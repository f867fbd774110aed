"""A picture that is too large is refused for that, by its header and before it is decoded."""

from __future__ import annotations

import struct
import subprocess
import zlib
from pathlib import Path

import imageio_ffmpeg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.errors import OverLimitError, UnsupportedMediaError
from reelworks.media.inspect.duration import RangeStream, file_duration, object_duration
from reelworks.media.inspect.picture_size import stated_size
from reelworks.media.inspect.probe import probe
from reelworks.settings import Settings
from reelworks.stages.source.limits import probe_within, source_limits

SIDE = 60_000
RECIPES = {
    "huge.gif": [],
    "huge.apng": ["-f", "apng"],
    "raw.avi": ["-c:v", "rawvideo"],
    "huge.mkv": ["-c:v", "rawvideo"],
    "huge.y4m": ["-f", "yuv4mpegpipe", "-pix_fmt", "yuv420p"],
}
EXACT = {"huge.gif", "huge.apng", "huge.y4m"}


def enlarged(name: str, content: bytes) -> bytes:
    """The file with another size in its header."""
    made, size = bytearray(content), (SIDE, SIDE)
    if name.endswith(".y4m"):
        return content.replace(b"W512 H256", b"W60000 H60000", 1)
    if name.endswith(".gif"):
        made[6:10] = struct.pack("<HH", *size)
    elif name.endswith(".apng"):
        made[16:24] = struct.pack(">II", *size)
        made[29:33] = struct.pack(">I", zlib.crc32(made[12:29]))
    elif name.endswith(".avi"):
        return content.replace(struct.pack("<II", 512, 256), struct.pack("<II", *size))
    else:
        return content.replace(
            b"\xb0\x82\x02\x00\xba\x82\x01\x00", b"\xb0\x82\xea\x60\xba\x82\xea\x60"
        )
    return bytes(made)


@pytest.fixture(scope="module", params=RECIPES)
def huge(request, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("huge") / request.param
    source = ["-f", "lavfi", "-i", "testsrc2=s=512x256:r=10:d=1"]
    program = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, *RECIPES[request.param]]
    subprocess.run([*program, str(path)], check=True)
    assert stated_size(path.read_bytes()) == (512, 256)
    path.write_bytes(enlarged(path.name, path.read_bytes()))
    return path


def test_the_reason_names_the_size_and_the_setting(huge):
    reason = r"A picture of talk has 3600 megapixels, more than 40 \(MAX_MEGAPIXELS\)"
    with pytest.raises(OverLimitError, match=reason):
        probe_within(huge, source_limits(Settings(_env_file=None)), "talk")


def test_without_a_limit_the_decoder_s_own_is_reported(huge):
    with pytest.raises(
        UnsupportedMediaError, match="60000x60000, 3600 megapixels, too large for any"
    ):
        probe(huge)


def test_plans_tell_it_too(huge):
    content = huge.read_bytes()
    stream = RangeStream(lambda start, length: content[start : start + length], len(content))
    if huge.name in EXACT:
        with pytest.raises(UnsupportedMediaError, match="3600 megapixels"):
            file_duration(huge)
        with pytest.raises(UnsupportedMediaError, match="3600 megapixels"):
            object_duration(stream, "talk")


def test_a_header_of_some_bytes_is_enough(tmp_path):
    path = tmp_path / "huge.y4m"
    path.write_bytes(b"YUV4MPEG2 W60000 H60000 F25:1 Ip A1:1 C420jpeg\nFRAME\n" + bytes(1000))

    with pytest.raises(OverLimitError, match="3600 megapixels"):
        probe_within(path, source_limits(Settings(_env_file=None)), path.name)


def test_a_container_that_is_mistaken_does_not_hide_a_picture_that_decodes(tmp_path):
    path = tmp_path / "clip.avi"
    source = ["-f", "lavfi", "-i", "testsrc2=s=512x256:r=10:d=1", "-c:v", "mjpeg"]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, str(path)], check=True)
    path.write_bytes(enlarged(path.name, path.read_bytes()))

    found = probe_within(path, source_limits(Settings(_env_file=None)), "clip.avi")

    assert found.video is not None
    assert (found.video.width, found.video.height) == (512, 256)


BEGINNINGS = (b"", b"YUV4MPEG2 ", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"DKIF", b"\x1a\x45\xdf\xa3\xe0")


@given(st.sampled_from(BEGINNINGS), st.binary(max_size=200))
def test_no_bytes_are_too_odd(begin, rest):
    for head in (begin + rest, b"RIFF\0\0\0\0AVI strf\0\0\0\0\x28\0\0\0" + rest):
        size = stated_size(head)
        assert size is None or min(size) >= 0
