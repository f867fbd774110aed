"""What the test server answers: the OpenAI API's wire format, made from the input alone."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from typing import Any

import av
import numpy as np
from PIL import Image

Words = list[tuple[str, float, float]]
"""Word, start and end in seconds."""

SPEECH: list[Words] = [
    [("Open", 0.2, 0.5), ("the", 0.5, 0.6), ("settings", 0.6, 1.1)],
    [("and", 1.4, 1.5), ("save", 1.5, 1.8), ("your", 1.8, 2.0), ("work", 2.0, 2.4)],
]


def jpeg_in(body: dict[str, Any]) -> bytes | None:
    """Return the first picture that a chat request carries as a data URL."""
    for message in body.get("messages", []):
        for part in message["content"] if isinstance(message["content"], list) else []:
            if part.get("type") == "image_url":
                return base64.b64decode(part["image_url"]["url"].split("base64,", 1)[1])
    return None


def described(jpeg: bytes) -> dict[str, Any]:
    """Describe a picture by what can be measured: its digest, size and mean colour."""
    number = hashlib.sha256(jpeg).hexdigest()[:8]
    with Image.open(io.BytesIO(jpeg)) as picture:
        width, height = picture.size
        mean = np.asarray(picture.convert("RGB"), dtype=float).mean(axis=(0, 1))
    colour = "#" + "".join(f"{round(part):02x}" for part in mean)
    box = {"x": 0.25, "y": 0.5, "w": 0.5, "h": 0.125}
    return {
        "caption": f"Picture {number} of {width} by {height} pixels in {colour}.",
        "objects": ["picture", colour],
        "controls": [{"kind": "button", "label": f"Button {number}", "box": box}],
        "text": [{"text": f"Text {number}", "box": box}],
    }


def completion(body: dict[str, Any]) -> dict[str, Any]:
    """Answer ``/v1/chat/completions``."""
    jpeg = jpeg_in(body)
    content = json.dumps(described(jpeg)) if jpeg is not None else "Hello."
    message = {"role": "assistant", "content": content, "refusal": None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def unit_vector(text: str, length: int) -> list[float]:
    """Return the sum of one random direction for each word: shared words bring texts near."""
    total = np.zeros(length)
    for word in text.lower().split() or [""]:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
        total += np.random.default_rng(seed).standard_normal(length)
    return list(total / np.linalg.norm(total))


def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    """Answer ``/v1/embeddings``; the vectors come last first, as only ``index`` gives the order."""
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    data = []
    for index, text in enumerate(texts):
        vector: list[float] | str = unit_vector(text, body.get("dimensions", 1536))
        if body.get("encoding_format") == "base64":
            vector = base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode()
        data.append({"object": "embedding", "index": index, "embedding": vector})
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return {"object": "list", "data": data[::-1], "model": body["model"], "usage": usage}


def seconds_of(upload: bytes) -> float:
    """Return the length of uploaded sound, decoded."""
    with av.open(io.BytesIO(upload)) as container:
        rate = container.streams.audio[0].rate
        return sum(frame.samples for frame in container.decode(audio=0)) / rate


def transcription(upload: bytes, speech: list[Words]) -> dict[str, Any]:
    """Answer ``/v1/audio/transcriptions`` with the ``speech`` that the sound is long enough for.

    As OpenAI does, words come without punctuation, beside the segments.
    """
    duration = seconds_of(upload)
    runs = [[word for word in run if word[2] <= duration] for run in speech]
    segments = [
        {
            "id": number,
            "seek": 0,
            "start": run[0][1],
            "end": run[-1][2],
            "text": " " + " ".join(word for word, _, _ in run) + ".",
            "tokens": [],
            "temperature": 0.0,
            "avg_logprob": -0.2,
            "compression_ratio": 1.0,
            "no_speech_prob": 0.01,
        }
        for number, run in enumerate(run for run in runs if run)
    ]
    return {
        "task": "transcribe",
        "language": "english",
        "duration": duration,
        "text": "".join(str(segment["text"]) for segment in segments).strip(),
        "segments": segments,
        "words": [{"word": w, "start": s, "end": e} for run in runs for w, s, e in run],
        "usage": {"type": "duration", "seconds": round(duration)},
    }
