"""Local text embeddings: all-MiniLM-L6-v2 (Apache-2.0), int8, in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from reelworks.domain.library.spelling import mostly_in_script
from reelworks.errors import ModelUnavailableError
from reelworks.models.runtime.local_model import LocalModel
from reelworks.models.runtime.pool import ModelPool
from reelworks.models.runtime.pool import pool as shared_pool

if TYPE_CHECKING:  # the runtimes load with the weights: a cached answer needs neither
    import onnxruntime
    from tokenizers import Tokenizer

MAX_TOKENS = 256
"""What the model was trained on (its ``sentence_bert_config.json``); the rest is cut off."""
DIMENSIONS = 384


@dataclass(frozen=True, slots=True)
class _Loaded:
    session: onnxruntime.InferenceSession
    tokenizer: Tokenizer


class MiniLmEmbedder(LocalModel[_Loaded]):
    """Embeds on this machine; implements ``reelworks.domain.capabilities.Embedder``.

    Only texts of one length are run together, so there is no padding, and a text's vector does
    not depend on what it was batched with. Safe to use from several threads.
    """

    def __init__(
        self,
        name: str,
        models_dir: Path,
        *,
        threads: int | None = None,
        pool: ModelPool = shared_pool,
    ) -> None:
        """Choose the catalog's model ``name``; weights are fetched and loaded when first needed.

        ``threads`` None means the machine's cores.
        Raises ``SettingsError`` when the catalog has no such model for vectors.
        """
        super().__init__(name, "embed", models_dir, threads=threads, pool=pool)

    @property
    def dimensions(self) -> int:
        """Length of each vector."""
        return DIMENSIONS

    @property
    def batch_size(self) -> int:
        """Texts per call."""
        return 64

    def reads(self, text: str) -> bool:
        """Tell whether most letters of a text are Latin.

        The vocabulary has other letters too, but the model has learnt nothing of them: unrelated
        sentences in Cyrillic, Greek, Arabic or Devanagari have a cosine of 0.65 to 0.74, and most
        of Chinese and all symbols are one and the same unknown token (1.00).
        """
        return mostly_in_script(text, "LATIN")

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one unit vector of 384 numbers for each text, in order.

        Raises what ``load`` raises.
        """
        if not texts:
            return []
        with self._use() as loaded:
            encodings = loaded.tokenizer.encode_batch(list(texts))
            by_length: dict[int, list[int]] = {}
            for index, encoding in enumerate(encodings):
                by_length.setdefault(len(encoding.ids), []).append(index)
            vectors = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
            for members in by_length.values():
                ids = np.array([encodings[i].ids for i in members], dtype=np.int64)
                vectors[members] = _run(loaded.session, ids)
        return [[float(x) for x in vector] for vector in vectors]

    def _load_weights(self) -> _Loaded:
        import onnxruntime
        from tokenizers import Tokenizer

        folder = self._weights_folder()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        # Idle threads sleep: a spinning pool takes the cores from ffmpeg and Whisper.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            session = onnxruntime.InferenceSession(
                str(folder / "model.onnx"), options, providers=_providers(onnxruntime)
            )
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # what both libraries raise has no nearer common type
            raise ModelUnavailableError(
                f"The model {self._entry.name} in {folder} could not be loaded ({error}); "
                f"remove the folder and try again."
            ) from error
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        return _Loaded(session, tokenizer)


def _providers(onnxruntime: Any) -> list[str]:
    """CUDA first where the installed ONNX Runtime has it (the package onnxruntime-gpu)."""
    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
    return [name for name in wanted if name in onnxruntime.get_available_providers()]


def _run(
    session: onnxruntime.InferenceSession, ids: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Embed token ids, shape (n, tokens), none of them padding; returns (n, 384), unit length.

    Mean pooling over all tokens, as in the model's ``1_Pooling/config.json``.
    """
    ones, zeros = np.ones_like(ids), np.zeros_like(ids)
    feeds = {"input_ids": ids, "attention_mask": ones, "token_type_ids": zeros}
    wanted = {node.name for node in session.get_inputs()}
    tokens = session.run(None, {k: v for k, v in feeds.items() if k in wanted})[0]
    pooled = np.asarray(tokens, dtype=np.float32).mean(axis=1)
    length = np.linalg.norm(pooled, axis=1, keepdims=True)
    unit: npt.NDArray[np.float32] = pooled / np.maximum(length, 1e-12)
    return unit
