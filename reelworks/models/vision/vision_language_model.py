"""SmolVLM in transformers: images and a question in, text out, many at once."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reelworks.errors import ModelUnavailableError, UnsupportedMediaError
from reelworks.models.runtime.torch_runtime import device_for, gpu_memory_errors, require

LONGEST_SIDE = 1024
"""Pixels that an image is brought to: 2 x 2 tiles of 512 and the whole, 320 tokens. Its default
of 2048 makes 832; fine print is read by OCR."""
MAX_NEW_TOKENS = 192


class VisionLanguageModel:
    """One loaded model with its tokenizer. Not safe for several threads at once."""

    def __init__(self, name: str, network: Any, tokenizer: Any, image_processor: Any) -> None:
        """Take a SmolVLM, its tokenizer and its image processor."""
        self.name = name
        self._torch = require("torch", name)
        self._network = network
        self._tokenizer = tokenizer
        self._image_processor = image_processor
        vision, shrink = network.config.vision_config, network.config.scale_factor
        self._tokens_per_tile = (vision.image_size // vision.patch_size) ** 2 // shrink**2

    @classmethod
    def load(cls, name: str, folder: Path) -> VisionLanguageModel:
        """Load the weights in ``folder``: bfloat16 on CUDA, else float32.

        Raises ``ModelUnavailableError`` and ``GpuMemoryError``.
        """
        torch, transformers = require("torch", name), require("transformers", name)
        pil = require("transformers.models.smolvlm.image_processing_pil_smolvlm", name)
        device = device_for(torch)
        transformers.utils.logging.disable_progress_bar()
        dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
        try:
            tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
            image_processor = pil.SmolVLMImageProcessorPil.from_pretrained(folder)
            network = transformers.SmolVLMForConditionalGeneration.from_pretrained(
                folder, dtype=dtype, local_files_only=True
            )
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise ModelUnavailableError(
                f"The model {name} in {folder} could not be loaded ({error}); "
                f"remove the folder and try again, or choose another VISION_MODEL."
            ) from error
        tokenizer.padding_side = "left"
        with gpu_memory_errors(torch, name):
            return cls(name, network.eval().to(device), tokenizer, image_processor)

    @property
    def on_gpu(self) -> bool:
        """True when it runs on CUDA."""
        return bool(self._network.device.type == "cuda")

    def generate(self, jpegs: Sequence[bytes], question: str, opening: str = "") -> list[str]:
        """Answer one question about each image; every answer begins with ``opening``.

        Greedy, so the same image gets the same answer. Raises ``GpuMemoryError`` when the batch
        is too large, and ``UnsupportedMediaError`` when it is no image.
        """
        seen = self._image_processor(
            [[_opened(jpeg)] for jpeg in jpegs],
            size={"longest_edge": LONGEST_SIDE},
            return_row_col_info=True,
            return_tensors="pt",
        )
        grids = zip(seen.pop("rows"), seen.pop("cols"), strict=True)
        prompts = [
            f"<|im_start|>User:{self._tiles(rows[0], cols[0])}{question}<end_of_utterance>\n"
            f"Assistant:{opening and ' ' + opening}"
            for rows, cols in grids
        ]
        words = self._tokenizer(
            prompts, return_tensors="pt", padding=True, add_special_tokens=False
        )
        with gpu_memory_errors(self._torch, self.name):
            return [opening + text for text in self._continued(words, seen)]

    def free(self) -> None:
        """Release the GPU memory that torch keeps for later."""
        if self.on_gpu:
            self._torch.cuda.empty_cache()

    def _continued(self, words: Any, seen: Any) -> list[str]:
        device, dtype = self._network.device, self._network.dtype
        with self._torch.inference_mode():
            output = self._network.generate(
                input_ids=words["input_ids"].to(device),
                attention_mask=words["attention_mask"].to(device),
                pixel_values=seen["pixel_values"].to(device, dtype),
                pixel_attention_mask=seen["pixel_attention_mask"].to(device),
                do_sample=False,
                max_new_tokens=MAX_NEW_TOKENS,
                pad_token_id=self._tokenizer.pad_token_id,
            )
        new = output[:, words["input_ids"].shape[1] :]
        texts: list[str] = self._tokenizer.batch_decode(new, skip_special_tokens=True)
        return texts

    def _tiles(self, rows: int, cols: int) -> str:
        """Return one image's placeholder in the prompt: its tiles, row by row, as in training."""
        pixels = "<image>" * self._tokens_per_tile
        edge = "<fake_token_around_image>"
        split = "".join(
            "".join(f"{edge}<row_{r}_col_{c}>{pixels}" for c in range(1, cols + 1)) + "\n"
            for r in range(1, rows + 1)
        )
        return f"{split}{chr(10) if rows else ''}{edge}<global-img>{pixels}{edge}"


def _opened(jpeg: bytes) -> Any:
    pil = require("PIL.Image", "vision language")
    try:
        return pil.open(io.BytesIO(jpeg)).convert("RGB")
    except OSError as error:
        raise UnsupportedMediaError(
            f"A frame of {len(jpeg)} bytes cannot be read as an image: extract the frames again."
        ) from error
