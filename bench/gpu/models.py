"""Checks of the models that run on the GPU."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from bench.gpu.encoding import normalized
from bench.gpu.finding import FILM, MEDIA, CheckContext, Finding, timed
from reelworks.domain.capabilities import Capability
from reelworks.domain.jobs.progress import silent
from reelworks.errors import ModelUnavailableError, ReelworksError

SEEING = "smolvlm2-500m"
FRAME = 1 / 30
Item = TypeVar("Item")
Value = TypeVar("Value")


def recognition(bench: CheckContext) -> Finding:
    """Whisper on two minutes of read English."""
    import ctranslate2
    import jiwer

    from reelworks.models.speech.whisper import WhisperTranscriber

    spoken = MEDIA / "speech" / "two_cities.flac"
    truth = json.loads((MEDIA / "ground_truth.json").read_text("utf-8"))["speech/two_cities.wav"]
    wav, seconds = _as_wav(spoken, bench.folder)
    transcriber = WhisperTranscriber(
        bench.settings.model_for(Capability.TRANSCRIBE), bench.settings.models_dir
    )
    transcriber.load()
    transcript, took = timed(lambda: transcriber.transcribe(wav, language="en", progress=silent))
    where, ok = bench.device(ctranslate2.get_cuda_device_count() > 0 and bench.on_gpu)
    errors = jiwer.wer(_plain(truth["text"]), _plain(transcript.text))
    figures = f"{seconds / took:.0f} x real time, word error rate {errors:.1%}"
    return Finding(f"Whisper ({transcriber.model.name})", where, figures, ok and errors < 0.15)


def shots(bench: CheckContext) -> Finding:
    """TransNetV2 on a film trailer, against the cuts that three detectors agree on."""
    import torch

    from reelworks.models.shots.transnet import TransNetShotDetector
    from reelworks.stages.frames.scenes import SceneParams, detect_scenes

    truth = json.loads((MEDIA / "ground_truth.json").read_text("utf-8"))[f"video/{FILM.name}"]
    proxy = normalized(bench, "x264")[1]
    detector = TransNetShotDetector(bench.settings.models_dir)
    detector.load()
    params = SceneParams(profile="film")
    scenes, took = timed(lambda: detect_scenes(proxy, params, silent, shots=detector))
    found = [scene.t_start for scene in scenes[1:]]
    cuts = [frame / 24 for frame in truth["cuts"]]
    hits = sum(any(abs(cut - t) <= FRAME * 1.01 for t in found) for cut in cuts)
    where, ok = bench.device(torch.cuda.is_available())
    figures = f"{scenes[-1].t_end / FRAME / took:.0f} frames/s, {hits} of {len(cuts)} known cuts"
    return Finding("TransNetV2", where, figures, ok and hits == len(cuts), f"{len(found)} found")


def describing(bench: CheckContext) -> Finding:
    """The vision-language model on sixteen pages, in batches."""
    from reelworks.models.runtime.pool import ModelPool
    from reelworks.models.vision.vision_language import VisionLanguageDescriber
    from reelworks.models.vision.vision_language_model import VisionLanguageModel

    name, folder, note = _seeing_weights(bench)
    model = VisionLanguageModel.load(name, folder)
    describer = VisionLanguageDescriber(
        SEEING, bench.settings.models_dir, pool=ModelPool(), load=lambda: model
    )
    describer.load()
    pages = [path.read_bytes() for path in sorted((MEDIA / "pages").glob("*.png"))] * 4
    with ThreadPoolExecutor(describer.parallel) as threads:
        outcomes, took = timed(lambda: list(threads.map(_attempt(describer.describe), pages)))
    described = sum(not isinstance(outcome, ReelworksError) for outcome in outcomes)
    where, ok = bench.device(model.on_gpu)
    figures = f"{len(pages) / took:.1f} frames/s, {described} of {len(pages)} described"
    return Finding(name, where, figures, ok and (bool(note) or described == len(pages)), note)


def _seeing_weights(bench: CheckContext) -> tuple[str, Path, str]:
    """Return the model's name, its folder, and what is to be said of a stand-in."""
    from reelworks.models.runtime.fetch import ensure_model
    from tests.support import tiny_vision_language

    try:
        return SEEING, ensure_model(SEEING, bench.settings.models_dir), ""
    except ModelUnavailableError as error:
        note = f"A tiny random model stands in, so its speed and words mean nothing: {error}"
        return "tiny-random-smolvlm", tiny_vision_language.write(bench.folder / "tiny"), note


def vectors(bench: CheckContext) -> Finding:
    """Text vectors; on a GPU only where onnxruntime-gpu is installed."""
    import onnxruntime

    from reelworks.models.text.minilm import MiniLmEmbedder

    embedder = MiniLmEmbedder(bench.settings.model_for(Capability.EMBED), bench.settings.models_dir)
    embedder.load()
    texts = [f"A short line of text about number {number}." for number in range(1024)]
    made, took = timed(lambda: embedder.embed(texts))
    gpu = "CUDAExecutionProvider" in onnxruntime.get_available_providers() and bench.on_gpu
    figures = f"{len(made) / took:.0f} texts/s"
    note = "" if gpu else "ONNX Runtime without CUDA: fast enough on the CPU"
    return Finding("MiniLM", "GPU" if gpu else "CPU", figures, len(made) == len(texts), note)


def _attempt(work: Callable[[Item], Value]) -> Callable[[Item], object]:
    def attempt(item: Item) -> object:
        try:
            return work(item)
        except ReelworksError as error:
            return error

    return attempt


def _as_wav(sound: Path, folder: Path) -> tuple[Path, float]:
    import numpy as np
    from faster_whisper.audio import decode_audio

    from reelworks.models.speech.waveform import write_wav

    samples = decode_audio(str(sound))
    path = folder / f"{sound.stem}.wav"
    write_wav(path, (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path, len(samples) / 16000


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9']+", text.lower()))
