"""Check of all GPU code: does it run on the GPU, with the same result, and how fast?

``make gpu-check`` runs it on a machine with an NVIDIA GPU. ``--cpu`` runs the same checks without
one, to prove the script itself.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.table import Table

from reelworks.domain.capabilities import Capability
from reelworks.domain.jobs.progress import silent
from reelworks.domain.video.video import VideoTrack
from reelworks.errors import ModelUnavailableError, ReelworksError
from reelworks.settings import Settings, load_settings

MEDIA = Path(__file__).parent.parent / "tests" / "media"
FILM = MEDIA / "video" / "sintel-trailer-30s.mp4"
SEEING = "smolvlm2-500m"
FRAME = 1 / 30
NO_GPU = 4
FAILED = 1
LARGEST_SSIM_LOSS = 0.01
"""How far NVENC may be below x264 before its settings need another look."""

out = Console(width=110)
Item = TypeVar("Item")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    what: str
    where: str
    figures: str
    ok: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class CheckContext:
    """Settings, scratch folder and device of the checks."""

    settings: Settings
    folder: Path
    on_gpu: bool

    def device(self, is_cuda: bool) -> tuple[str, bool]:
        """Name where something ran, and say whether that is where it should."""
        return ("GPU" if is_cuda else "CPU"), is_cuda == self.on_gpu


def main() -> int:
    """Run the checks; 0 when all are well, 1 when one is not, 4 without a GPU."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cpu", action="store_true", help="hide the GPU and check on the CPU")
    chosen = parser.parse_args()
    if chosen.cpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # read when the runtimes load, which is later
    missing = [] if chosen.cpu else what_is_missing()
    if missing:
        out.print("No GPU check is possible on this machine:", style="bold red")
        for line in missing:
            out.print(f"  - {line}")
        out.print("To prove the script without a GPU: python -m bench.gpu_check --cpu")
        return NO_GPU
    with tempfile.TemporaryDirectory() as folder:
        bench = CheckContext(load_settings(), Path(folder), on_gpu=not chosen.cpu)
        findings = [_checked(check, bench) for check in CHECKS]
    out.print(table_of(findings, _title(bench)))
    return 0 if all(finding.ok for finding in findings) else FAILED


def what_is_missing() -> list[str]:
    """Return, in plain words, what this machine lacks for the whole check."""
    import ctranslate2

    from reelworks.media import nvenc

    missing = []
    try:
        import torch

        if not torch.cuda.is_available():
            built = f"was built for CUDA {torch.version.cuda}" if torch.version.cuda else "is a CPU"
            missing.append(f"torch {torch.__version__} {built} build and sees no GPU")
    except ImportError:
        missing.append("torch is not installed: pip install 'reelworks[cuda]'")
    if ctranslate2.get_cuda_device_count() == 0:
        missing.append("CTranslate2, which runs Whisper, sees no CUDA device")
    if not nvenc.works():
        missing.append("ffmpeg cannot encode with NVENC: no driver, or a card without an encoder")
    return missing


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
    transcript, took = _timed(lambda: transcriber.transcribe(wav, language="en", progress=silent))
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
    proxy = _normalized(bench, "x264")[1]
    detector = TransNetShotDetector(bench.settings.models_dir)
    detector.load()
    params = SceneParams(profile="film")
    scenes, took = _timed(lambda: detect_scenes(proxy, params, silent, shots=detector))
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
        outcomes, took = _timed(lambda: list(threads.map(_attempt(describer.describe), pages)))
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
    made, took = _timed(lambda: embedder.embed(texts))
    gpu = "CUDAExecutionProvider" in onnxruntime.get_available_providers() and bench.on_gpu
    figures = f"{len(made) / took:.0f} texts/s"
    note = "" if gpu else "ONNX Runtime without CUDA: fast enough on the CPU"
    return Finding("MiniLM", "GPU" if gpu else "CPU", figures, len(made) == len(texts), note)


def encoding(bench: CheckContext) -> Finding:
    """NVENC against x264: the same frames, size and length, and as near to the source."""
    from bench.quality import ssim
    from reelworks.media import nvenc
    from reelworks.media.inspect.probe import probe

    encoder = "nvenc" if bench.on_gpu and nvenc.works() else "x264"
    reference, _, slow = _normalized(bench, "x264")
    video, _, took = _normalized(bench, encoder)
    one, other = (probe(path).video for path in (reference, video))
    alike = one is not None and _shape(one) == _shape(other)
    lines = one.height if one else 0
    scores = ssim(reference, FILM, lines), ssim(video, FILM, lines)
    sizes = reference.stat().st_size / 1e6, video.stat().st_size / 1e6
    figures = (
        f"{took:.1f} s against {slow:.1f} s, SSIM {scores[1]:.4f} against {scores[0]:.4f}, "
        f"{sizes[1]:.1f} MB against {sizes[0]:.1f} MB"
    )
    where, ok = bench.device(encoder == "nvenc")
    near = scores[0] - scores[1] <= LARGEST_SSIM_LOSS
    note = "" if encoder == "nvenc" else "no NVENC: x264 against itself"
    return Finding(f"normalize ({encoder})", where, figures, ok and alike and near, note)


def _shape(track: VideoTrack | None) -> tuple[object, ...]:
    """What must be equal; the length to a hundredth of a second."""
    if track is None:
        return ()
    length = round(track.duration or 0, 2)
    return track.codec, track.width, track.height, track.pixel_format, track.frame_rate, length


Check = Callable[[CheckContext], Finding]
CHECKS: tuple[Check, ...] = (recognition, shots, describing, vectors, encoding)


def table_of(findings: list[Finding], title: str) -> Table:
    """Return the findings as a table."""
    made = Table("what", "where", "figures", "", "note", title=title)
    for finding in findings:
        verdict = "[green]ok" if finding.ok else "[red]WRONG"
        made.add_row(finding.what, finding.where, finding.figures, verdict, finding.note)
    return made


def _checked(check: Check, bench: CheckContext) -> Finding:
    """Run one check; one that fails does not hide what the others find."""
    out.print(f"{(check.__doc__ or check.__name__).splitlines()[0]} ...", style="dim")
    try:
        return check(bench)
    except (ReelworksError, ImportError) as error:
        return Finding(check.__name__, "-", "-", ok=False, note=str(error))


def _title(bench: CheckContext) -> str:
    if not bench.on_gpu:
        return f"The checks on the CPU ({os.cpu_count()} cores): not what a GPU would do"
    import torch

    memory = torch.cuda.get_device_properties(0).total_memory / 2**30
    peak = torch.cuda.max_memory_allocated(0) / 2**30
    return f"{torch.cuda.get_device_name(0)}, {memory:.0f} GiB; torch took {peak:.1f} GiB at most"


def _timed(work: Callable[[], Value]) -> tuple[Value, float]:
    started = time.monotonic()
    value = work()
    return value, time.monotonic() - started


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


def _normalized(bench: CheckContext, encoder: str) -> tuple[Path, Path, float]:
    """Return the film's normalized video and proxy, and the seconds that making them took."""
    from reelworks.media.inspect.probe import probe
    from reelworks.stages.source.normalize import NormalizeParams, normalize

    folder = bench.folder / f"{encoder}-{time.monotonic_ns()}"
    folder.mkdir()
    params = NormalizeParams(encoder=encoder)  # type: ignore[arg-type]
    made, took = _timed(lambda: normalize(FILM, probe(FILM), params, folder, silent))
    if made.video_path is None or made.proxy_path is None or made.video is None:
        raise ReelworksError(f"{FILM.name} was not normalized.")
    if made.video.warnings:
        raise ReelworksError(" ".join(made.video.warnings))
    return made.video_path, made.proxy_path, took


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9']+", text.lower()))


if __name__ == "__main__":
    sys.exit(main())
