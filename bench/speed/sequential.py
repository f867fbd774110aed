"""The plain script to compare with: the same six stages, one after another, no reelworks.

What a capable engineer would write in an afternoon with the same libraries and weights, each used
as its own documentation shows. Nothing is made slow on purpose.

    python -m bench.speed.sequential SOURCE OUT_DIR MODELS_DIR
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import imagehash
import imageio_ffmpeg
import numpy as np
import onnxruntime
from faster_whisper import WhisperModel
from PIL import Image
from rapidocr import RapidOCR
from scenedetect import AdaptiveDetector, detect
from tokenizers import Tokenizer


def main() -> None:
    """Run the stages on one video and print seconds by stage, cuts and transcript as JSON."""
    source, out, models = (Path(argument) for argument in sys.argv[1:4])
    out.mkdir(parents=True, exist_ok=True)
    seconds: dict[str, float] = {}

    def timed(stage: str, work: Callable[..., Any], *arguments: Any) -> Any:
        started = time.monotonic()
        result = work(*arguments)
        seconds[stage] = round(time.monotonic() - started, 3)
        return result

    video, wav = timed("normalize", normalize, source, out)
    segments = timed("transcribe", transcribe, wav, models / "whisper-base")
    scenes = timed("scenes", find_scenes, video)
    frames = timed("frames", save_frames, video, scenes, out)
    captions = timed("vision", read_text, frames)
    texts = [segment["text"] for segment in segments] + [text for text in captions if text]
    vectors = timed("embed", embed, texts, models / "minilm-l6-v2-int8")
    np.save(out / "vectors.npy", vectors)
    result = {
        "seconds": seconds,
        "cuts": [start for start, _ in scenes[1:]],
        "text": " ".join(segment["text"].strip() for segment in segments),
        "captions": captions,
    }
    print(json.dumps(result))


def normalize(source: Path, out: Path) -> tuple[Path, Path]:
    """Make the 720p30 video and the 16 kHz mono sound."""
    video, wav = out / "normalized.mp4", out / "audio.wav"
    head = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", "-i", str(source)]
    filters = ["-vf", "scale=-2:720,fps=30", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23"]
    rest = ["-c:a", "aac", "-movflags", "+faststart", str(video)]
    subprocess.run([*head, *filters, *rest], check=True)
    subprocess.run([*head, "-vn", "-ac", "1", "-ar", "16000", str(wav)], check=True)
    return video, wav


def transcribe(wav: Path, weights: Path) -> list[dict[str, Any]]:
    """Transcribe with voice-activity detection and word times."""
    model = WhisperModel(str(weights), device="cpu", compute_type="int8")
    segments, _ = model.transcribe(str(wav), vad_filter=True, word_timestamps=True)
    return [{"start": s.start, "end": s.end, "text": s.text, "words": s.words} for s in segments]


def find_scenes(video: Path) -> list[tuple[float, float]]:
    """Find cuts; one scene when there are none."""
    found = detect(str(video), AdaptiveDetector(), start_in_scene=True)
    return [(start.seconds, end.seconds) for start, end in found]


def save_frames(video: Path, scenes: list[tuple[float, float]], out: Path) -> list[Path]:
    """Save the middle frame of each scene and its perceptual hash."""
    capture = cv2.VideoCapture(str(video))
    paths, hashes = [], []
    for index, (start, end) in enumerate(scenes):
        capture.set(cv2.CAP_PROP_POS_MSEC, (start + end) / 2 * 1000)
        read, image = capture.read()
        if not read:
            continue
        path = out / f"scene_{index:03d}.jpg"
        cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, 90])
        hashes.append(str(imagehash.phash(Image.fromarray(image[:, :, ::-1]))))
        paths.append(path)
    capture.release()
    (out / "hashes.json").write_text(json.dumps(hashes))
    return paths


def read_text(frames: list[Path]) -> list[str]:
    """Read the text on each frame."""
    engine = RapidOCR()
    results = [engine(str(frame)) for frame in frames]
    return [" ".join(result.txts or ()) for result in results]


def embed(texts: list[str], weights: Path) -> Any:
    """Return one unit vector for each text: mean of the token vectors."""
    tokenizer = Tokenizer.from_file(str(weights / "tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.enable_padding()
    session = onnxruntime.InferenceSession(
        str(weights / "model.onnx"), providers=["CPUExecutionProvider"]
    )
    names = {node.name for node in session.get_inputs()}
    batches = []
    for first in range(0, len(texts), 32):
        encoded = tokenizer.encode_batch(texts[first : first + 32])
        mask = np.array([item.attention_mask for item in encoded], np.int64)
        ids = np.array([item.ids for item in encoded], np.int64)
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = session.run(None, {k: v for k, v in feed.items() if k in names})[0]
        weight = mask[:, :, None].astype(np.float32)
        mean = (hidden * weight).sum(1) / weight.sum(1)
        batches.append(mean / np.linalg.norm(mean, axis=1, keepdims=True))
    return np.concatenate(batches) if batches else np.zeros((0, 384), np.float32)


if __name__ == "__main__":
    main()
