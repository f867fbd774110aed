"""Batching of concurrent calls, for models that are faster on many items at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

LINGER = 0.05
"""Seconds that an incomplete batch waits for more; a batch takes many times that."""


class Batcher(Generic[Item, Answer]):
    """Turns single calls from many threads into batches, run one after another.

    It has no thread of its own: the first caller runs the batch for all that wait.
    """

    def __init__(
        self, run: Callable[[Sequence[Item]], Sequence[Answer | Exception]], size: int
    ) -> None:
        """``run`` answers up to ``size`` items, in order; an exception is the answer to one."""
        self._run = run
        self._size = size
        self._guard = threading.Lock()
        self._turn = threading.Lock()
        self._full = threading.Event()
        self._waiting: list[tuple[Item, Future[Answer]]] = []

    def call(self, item: Item) -> Answer:
        """Return the answer to ``item``. Raises its own error, or what the whole batch raised."""
        mine: Future[Answer] = Future()
        with self._guard:
            self._waiting.append((item, mine))
            if len(self._waiting) >= self._size:
                self._full.set()
        while not mine.done():
            with self._turn:
                if not mine.done():
                    self._answer(self._take())
        return mine.result()

    def _take(self) -> list[tuple[Item, Future[Answer]]]:
        self._full.wait(LINGER)
        with self._guard:
            batch = self._waiting[: self._size]
            del self._waiting[: self._size]
            if len(self._waiting) < self._size:
                self._full.clear()
        return batch

    def _answer(self, batch: list[tuple[Item, Future[Answer]]]) -> None:
        try:
            answers = self._run([item for item, _ in batch])
        except BaseException as error:
            # Callers that wait must get the error too, or they would wait forever.
            for _, future in batch:
                future.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
