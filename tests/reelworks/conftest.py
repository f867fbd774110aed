"""Fixtures for tests of speech."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from faster_whisper.audio import decode_audio

from reelworks.models.waveform import write_wav


@pytest.fixture(scope="session")
def as_wav(media: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Turn a file of the test media into the wav that the normalize stage would give."""
    folder = tmp_path_factory.mktemp("wav")

    def convert(name: str) -> Path:
        target = folder / f"{Path(name).stem}.wav"
        if not target.exists():
            samples = decode_audio(str(media / name))
            write_wav(target, (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
        return target

    return convert
