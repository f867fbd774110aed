"""Text embeddings: each text once."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from reelworks.domain.capabilities import Embedder, ItemCache
from reelworks.domain.digest import ModelRef, cache_key, sha256_of_bytes
from reelworks.domain.jobs.progress import Progress
from reelworks.errors import ProviderAnswerError

ITEM_VERSION = 1
"""Version of one text's cached vector. Raise it, and the stages' versions in the table of stages,
when what is done with a text before it is embedded changes."""

_AT_ONCE = 16
"""Cache lookups at once: each waits for the network, not for the processor."""


class NullItemCache:
    """The item cache for an embedder that is faster than a store: every lookup is a miss."""

    def get(self, key: str) -> bytes | None:
        """Return None."""

    def put(self, key: str, value: bytes) -> None:
        """Drop ``value``."""


def embed_texts(
    texts: Sequence[str], embedder: Embedder, cache: ItemCache, progress: Progress
) -> list[list[float] | None]:
    """Return one unit vector for each text, in order; None for a blank text.

    Equal texts are embedded once, and only those not in ``cache``, in batches of
    ``embedder.batch_size``; each batch's vectors are cached at once. ``progress`` counts texts.

    Raises what the embedder raises, and ``ProviderAnswerError`` when it gives too few vectors or
    vectors of another length than it says.
    """
    times = Counter(texts)
    keys = {text: text_key(text, embedder) for text in times if text.strip()}
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="embed") as workers:
        cached = zip(keys, workers.map(cache.get, keys.values()), strict=True)
        vectors = {
            text: _unpacked(data)
            for text, data in cached
            if data is not None and len(data) == 4 * embedder.dimensions
        }
        missing = [text for text in keys if text not in vectors]
        done = len(texts) - sum(times[text] for text in missing)
        progress(done, len(texts))
        for start in range(0, len(missing), embedder.batch_size):
            batch = missing[start : start + embedder.batch_size]
            answers = _embed_batch(batch, embedder)
            list(workers.map(cache.put, (keys[text] for text in batch), answers))
            vectors |= {t: _unpacked(data) for t, data in zip(batch, answers, strict=True)}
            done += sum(times[text] for text in batch)
            progress(done, len(texts))
    return [vectors.get(text) for text in texts]


def text_key(text: str, embedder: Embedder) -> str:
    """Return the cache key of one text's vector: the text, the model and the vector's length."""
    model: ModelRef = embedder.model
    return cache_key(
        "embed",
        ITEM_VERSION,
        inputs={"text": sha256_of_bytes(text.encode())},
        params={"dimensions": embedder.dimensions},
        model=model,
    )


def _embed_batch(batch: Sequence[str], embedder: Embedder) -> list[bytes]:
    answer = embedder.embed(batch)
    if len(answer) != len(batch) or any(len(v) != embedder.dimensions for v in answer):
        raise ProviderAnswerError(
            f"{embedder.model} did not return {len(batch)} vectors of {embedder.dimensions} "
            f"numbers; try again, or set EMBED_DIMENSIONS to what the model gives."
        )
    return [_packed(vector) for vector in answer]


def _packed(vector: Sequence[float]) -> bytes:
    """Little-endian 32-bit floats: what pgvector stores, so that cached and new are equal."""
    return struct.pack(f"<{len(vector)}f", *vector)


def _unpacked(data: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(data) // 4}f", data))
