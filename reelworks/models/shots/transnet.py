"""Shot boundary detection by a network: TransNet V2 (Souček and Lokoč, MIT) in torch.

It finds what a threshold cannot: dissolves, and cuts between similar frames, without taking
flashes and fast motion for cuts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from reelworks.errors import GpuMemoryError, ModelUnavailableError
from reelworks.models.runtime.local_model import LocalModel
from reelworks.models.runtime.pool import ModelPool
from reelworks.models.runtime.pool import pool as shared_pool
from reelworks.models.runtime.torch_runtime import device_for, gpu_memory_errors, on_gpu, require

if TYPE_CHECKING:  # for the type checker alone: torch is an extra
    from reelworks.models.shots.transnet_network import TransNetV2

log = logging.getLogger(__name__)

NAME = "transnetv2"
WIDTH, HEIGHT = 48, 27
"""Pixels of a frame as the network takes it."""
WINDOW = 100
STEP = 50
EDGE = (WINDOW - STEP) // 2
"""Frames at each end of a window whose predictions are not used: they lack neighbours."""
THRESHOLD = 0.5
"""Probability from which a frame counts as part of a transition (the paper's inference)."""
_WINDOWS_AT_ONCE = {"cpu": 1, "cuda": 32}

Frames = npt.NDArray[np.uint8]
"""(time, 27, 48, 3) RGB."""
Predict = Callable[[Frames], npt.NDArray[np.float32]]
"""(n, 100, 27, 48, 3) windows to (n, 100) probabilities."""


class TransNetShotDetector(LocalModel["TransNetV2"]):
    """Shot detector for film; implements ``reelworks.domain.capabilities.ShotDetector``.

    Runs on the first visible CUDA device, else on the CPU. Safe to use from several threads.
    """

    def __init__(
        self,
        models_dir: Path,
        *,
        threads: int | None = None,
        pool: ModelPool = shared_pool,
        windows_at_once: int | None = None,
    ) -> None:
        """Weights are fetched and loaded when first needed.

        ``threads`` are CPU threads, None for the machine's cores; ``windows_at_once`` None means
        what suits the device.
        """
        super().__init__(NAME, "shots", models_dir, threads=threads, pool=pool)
        self._windows_at_once = windows_at_once

    @property
    def frame_size(self) -> tuple[int, int]:
        """Width and height of the frames that ``feed`` takes."""
        return WIDTH, HEIGHT

    @contextmanager
    def watching(self) -> Iterator[TransNetRun]:
        """Keep the weights loaded for one film. Raises what ``load`` raises."""
        with self._use() as network:
            torch = require("torch", NAME)
            device = next(network.parameters()).device
            at_once = self._windows_at_once or _WINDOWS_AT_ONCE.get(device.type, 1)
            yield TransNetRun(lambda windows: _predict(torch, network, windows), at_once)

    def _runs_on_gpu(self) -> bool:
        return on_gpu()

    def _load_weights(self) -> TransNetV2:
        torch = require("torch", NAME)
        network = require("reelworks.models.shots.transnet_network", NAME).TransNetV2()
        weights = self._weights_folder() / self._entry.files[0].name
        device = device_for(torch)
        if device.type == "cpu":
            torch.set_num_threads(self._threads)
        with gpu_memory_errors(torch, NAME):
            try:
                # weights_only: the file is a pickle, and so could run code of its own.
                state = torch.load(weights, map_location="cpu", weights_only=True)
                network.load_state_dict(state)
            except (RuntimeError, OSError, ValueError, EOFError) as error:
                raise ModelUnavailableError(
                    f"The weights {weights} could not be loaded ({error}); "
                    f"remove the folder and try again."
                ) from error
            loaded: TransNetV2 = network.eval().to(device)
            return loaded


class TransNetRun:
    """One film: takes its frames in order and returns its cuts at the end.

    Buffers no more frames than one batch of windows needs, however long the film.
    """

    def __init__(self, predict: Predict, windows_at_once: int) -> None:
        self._predict = predict
        self._at_once = windows_at_once
        self._waiting: list[Frames] = []
        self._times: list[float] = []
        self._chances: list[float] = []

    def feed(self, t: float, rgb: bytes) -> None:
        """Take the frame shown from ``t`` seconds: 48 x 27 RGB, row by row.

        Raises ``GpuMemoryError``.
        """
        frame = np.frombuffer(rgb, np.uint8).reshape(HEIGHT, WIDTH, 3)
        if not self._times:
            self._waiting += [frame] * EDGE
        self._times.append(t)
        self._waiting.append(frame)
        if len(self._waiting) >= WINDOW + STEP * (self._at_once - 1):
            self._predict_next(self._at_once)

    def cuts(self) -> list[float]:
        """End the film; return when each shot but the first begins, in seconds, ascending.

        Raises ``GpuMemoryError``.
        """
        missing = len(self._times) - len(self._chances)
        if missing > 0:
            windows = -(-missing // STEP)
            short = WINDOW + STEP * (windows - 1) - len(self._waiting)
            self._waiting += [self._waiting[-1]] * short
            self._predict_next(windows)
        return [self._times[i] for i in first_frames(self._chances[: len(self._times)])]

    def _predict_next(self, count: int) -> None:
        """Predict the next ``count`` windows; when GPU memory is short, fewer at once."""
        while count > 0:
            part = min(count, self._at_once)
            starts = range(0, part * STEP, STEP)
            try:
                chances = self._predict(
                    np.stack([np.stack(self._waiting[i : i + WINDOW]) for i in starts])
                )
            except GpuMemoryError:
                if part == 1:
                    raise
                self._at_once = part // 2
                log.warning("The GPU is short of memory: %d windows at once now.", self._at_once)
                continue
            self._chances += chances[:, EDGE : EDGE + STEP].ravel().tolist()
            del self._waiting[: part * STEP]
            count -= part


def first_frames(chances: Sequence[float], threshold: float = THRESHOLD) -> list[int]:
    """Return the index of the first frame of each new shot.

    ``chances`` gives for each frame the probability of a transition between it and the next. A run
    above the threshold is one transition, a dissolve when it is long: the new shot begins after
    its likeliest frame.
    """
    found = []
    run: list[int] = []
    for i, chance in enumerate([*chances, 0.0]):
        if chance > threshold:
            run.append(i)
        elif run:
            found.append(max(run, key=lambda j: chances[j]) + 1)
            run = []
    return [i for i in found if i < len(chances)]


def _predict(torch: Any, network: TransNetV2, windows: Frames) -> npt.NDArray[np.float32]:
    device = next(network.parameters()).device
    with gpu_memory_errors(torch, NAME), torch.inference_mode():
        chances: npt.NDArray[np.float32] = (
            network(torch.from_numpy(windows).to(device)).cpu().numpy()
        )
        return chances
