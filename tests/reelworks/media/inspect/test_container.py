"""Looking inside a file that may have any name and may lie about what it is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from reelworks.errors import UnsafeMediaError
from reelworks.media.inspect.container import open_container


@pytest.mark.parametrize(
    "name",
    [
        'it\'s "quoted".mp4',
        "two\nlines.mp4",
        "-leading dash.mp4",
        "видео 動画 🎬.mp4",
        "concat:a|b.mp4",
        "frame%03d.mp4",
        "50% off?#a.mp4",
    ],
)
def test_a_name_is_only_a_name(
    media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(media / "odd" / "no_audio.mp4", tmp_path / name)
    for path in (Path(name), tmp_path / name):
        with open_container(path) as container:
            assert [stream.type for stream in container.streams] == ["video"]


@pytest.mark.parametrize(
    "script",
    [
        "ffconcat version 1.0\nfile '{named}'\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{named}\n#EXT-X-ENDLIST\n",
    ],
)
def test_the_file_that_a_script_names_is_never_opened(tmp_path: Path, script: str) -> None:
    named = tmp_path / "secret"
    os.mkfifo(named)
    disguised = tmp_path / "video.mp4"
    disguised.write_text(script.format(named=named))
    # A reader that opened the pipe would wait for a writer forever.
    with pytest.raises(UnsafeMediaError, match=r"video\.mp4"), open_container(disguised):
        pass
