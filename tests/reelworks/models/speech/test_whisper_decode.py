"""Batches fit the device: halved where the GPU's memory is short, with the same words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faster_whisper import WhisperModel

from reelworks.errors import GpuMemoryError
from reelworks.models.runtime.fetch import ensure_model
from reelworks.models.speech.waveform import Samples, read_samples
from reelworks.models.speech.whisper_decode import WhisperDecoder
from reelworks.models.speech.whisper_search import DecodeOptions

pytestmark = pytest.mark.slow


class ShortOfMemory(WhisperModel):  # type: ignore[misc]
    """A real Whisper on a device that holds no more than ``room`` windows at once."""

    room = 99

    def encode(self, features: Any) -> Any:
        if len(features) > self.room:
            raise RuntimeError("CUDA failed with error out of memory")
        return super().encode(features)


@pytest.fixture(scope="module")
def model(models_dir: Path) -> ShortOfMemory:
    folder = ensure_model("whisper-tiny-en", models_dir)
    return ShortOfMemory(str(folder), device="cpu", compute_type="int8", local_files_only=True)


@pytest.fixture(scope="module")
def windows(as_wav: Callable[[str], Path]) -> list[Samples]:
    wav = as_wav("speech/jfk.flac")
    return [read_samples(wav, start * 16000, (start + 3) * 16000) for start in (0, 3, 5, 7)]


def texts(model: ShortOfMemory, windows: list[Samples], room: int) -> list[str]:
    model.room = room
    decoder = WhisperDecoder(model, DecodeOptions(batch_size=4))
    heard = [one for batch in decoder.decode(iter(windows), "en") for one in batch]
    return ["".join(word.text for word in one.words) for one in heard]


def test_a_batch_too_large_for_the_gpu_is_halved_until_it_fits(
    model: ShortOfMemory, windows: list[Samples]
) -> None:
    whole = texts(model, windows, room=4)
    assert len(whole) == 4
    assert "country" in "".join(whole)
    assert texts(model, windows, room=2) == whole
    assert texts(model, windows, room=1) == whole


def test_the_smaller_batch_stays(model: ShortOfMemory, windows: list[Samples]) -> None:
    model.room = 1
    decoder = WhisperDecoder(model, DecodeOptions(batch_size=2))

    def twice() -> Iterator[Samples]:
        yield from windows

    assert [len(batch) for batch in decoder.decode(twice(), "en")] == [2, 1, 1]


def test_no_room_for_one_window_is_a_clear_permanent_error(
    model: ShortOfMemory, windows: list[Samples]
) -> None:
    with pytest.raises(GpuMemoryError, match="smaller TRANSCRIBE_MODEL") as caught:
        texts(model, windows, room=0)
    assert not caught.value.retryable
