"""TransNet V2 network, for inference.

Written from the paper: T. Souček and J. Lokoč, "TransNet V2: An effective deep network
architecture for fast shot transition detection" (arXiv:2008.04838). The names of its parts are
those of the published weights. Import this module only where torch is installed.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, pad, relu

HEIGHT, WIDTH = 27, 48
"""Pixels of a frame as the network takes it."""
WINDOW = 100
"""Frames that the network was trained to see at once."""

_FILTERS = 16
_CELLS = 3
_BLOCKS = 2
_DILATIONS = (1, 2, 4, 8)
_LOOKUP = 101
"""Frames around each that it is compared with: 50 before, itself, 50 after."""
_SIMILAR = 128
_DENSE = 1024
_BATCH_NORM_EPSILON = 1e-3
_COLOURS = 512
"""Bins of a colour histogram: 8 for each of red, green and blue."""


class _Factorized(nn.Module):
    """A 3x3x3 convolution as one over space and one over time (section 3 of the paper)."""

    def __init__(self, channels: int, filters: int, dilation: int) -> None:
        super().__init__()
        across = nn.Conv3d(channels, 2 * filters, (1, 3, 3), padding=(0, 1, 1), bias=False)
        through = nn.Conv3d(
            2 * filters,
            filters,
            (3, 1, 1),
            dilation=(dilation, 1, 1),
            padding=(dilation, 0, 0),
            bias=False,
        )
        self.layers = nn.ModuleList([across, through])

    def forward(self, frames: Tensor) -> Tensor:
        """Map (n, channels, time, height, width) to (n, filters, time, height, width)."""
        across, through = self.layers
        output: Tensor = through(across(frames))
        return output


class _DilatedBlock(nn.Module):
    """Four convolutions that look 1, 2, 4 and 8 frames around, side by side."""

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()
        for dilation in _DILATIONS:
            self.add_module(f"Conv3D_{dilation}", _Factorized(channels, filters, dilation))
        self.bn = nn.BatchNorm3d(filters * len(_DILATIONS), eps=_BATCH_NORM_EPSILON)

    def forward(self, frames: Tensor) -> Tensor:
        """Map (n, channels, t, h, w) to (n, 4 * filters, t, h, w)."""
        seen = [self.get_submodule(f"Conv3D_{dilation}")(frames) for dilation in _DILATIONS]
        output: Tensor = self.bn(torch.cat(seen, dim=1))
        return output


class _Cell(nn.Module):
    """Two dilated blocks with a shortcut around the second, then half the size."""

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()
        inside = filters * len(_DILATIONS)
        blocks = [_DilatedBlock(channels if i == 0 else inside, filters) for i in range(_BLOCKS)]
        self.DDCNN = nn.ModuleList(blocks)
        self.pool = nn.AvgPool3d((1, 2, 2))

    def forward(self, frames: Tensor) -> Tensor:
        """Map (n, channels, t, h, w) to (n, 4 * filters, t, h // 2, w // 2)."""
        first, second = self.DDCNN
        shortcut = relu(first(frames))
        output: Tensor = self.pool(relu(second(shortcut)) + shortcut)
        return output


class _FrameSimilarity(nn.Module):
    """Similarity of the learnt features of each frame and its neighbours."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.projection = nn.Linear(features, _SIMILAR)
        self.fc = nn.Linear(_LOOKUP, _SIMILAR)

    def forward(self, cells: list[Tensor]) -> Tensor:
        """Map the cells' outputs to (n, time, 128)."""
        means = torch.cat([cell.mean(dim=(3, 4)) for cell in cells], dim=1)
        projected = normalize(self.projection(means.transpose(1, 2)), dim=2)
        return relu(self.fc(_neighbours(projected)))


class _ColorHistograms(nn.Module):
    """Similarity of the colours of each frame and its neighbours."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(_LOOKUP, _SIMILAR)

    def forward(self, frames: Tensor) -> Tensor:
        """Map uint8 RGB (n, time, height, width, 3) to (n, time, 128)."""
        n, time = frames.shape[:2]
        red, green, blue = (frames >> 5).long().flatten(0, 1).flatten(1, 2).unbind(-1)
        bins = (red << 6) + (green << 3) + blue
        counts = torch.zeros(n * time, _COLOURS, device=frames.device)
        counts.scatter_add_(1, bins, torch.ones_like(bins, dtype=counts.dtype))
        return relu(self.fc(_neighbours(normalize(counts.view(n, time, _COLOURS), dim=2))))


def _neighbours(features: Tensor) -> Tensor:
    """Cosine of each frame with its 101 neighbours, 0 beyond the ends.

    Maps unit vectors (n, time, features) to (n, time, 101).
    """
    time, reach = features.shape[1], _LOOKUP // 2
    padded = pad(torch.bmm(features, features.transpose(1, 2)), (reach, reach))
    offsets = torch.arange(time, device=features.device)[:, None]
    columns = offsets + torch.arange(_LOOKUP, device=features.device)
    return padded.gather(2, columns.expand(len(features), time, _LOOKUP))


class TransNetV2(nn.Module):
    """Predicts for each frame whether a transition lies between it and the next."""

    def __init__(self) -> None:
        super().__init__()
        filters = [_FILTERS * 2**i for i in range(_CELLS)]
        outputs = [len(_DILATIONS) * f for f in filters]
        inputs = [3, *outputs[:-1]]
        self.SDDCNN = nn.ModuleList(_Cell(i, f) for i, f in zip(inputs, filters, strict=True))
        self.frame_sim_layer = _FrameSimilarity(sum(outputs))
        self.color_hist_layer = _ColorHistograms()
        left = (HEIGHT >> _CELLS) * (WIDTH >> _CELLS)
        self.fc1 = nn.Linear(outputs[-1] * left + 2 * _SIMILAR, _DENSE)
        self.cls_layer1 = nn.Linear(_DENSE, 1)
        self.cls_layer2 = nn.Linear(_DENSE, 1)  # marks whole dissolves; used in training only

    def forward(self, frames: Tensor) -> Tensor:
        """Map uint8 RGB (n, time, 27, 48, 3) to probabilities (n, time), 0 to 1."""
        x = frames.permute(0, 4, 1, 2, 3).float() / 255
        cells: list[Tensor] = []
        for cell in self.SDDCNN:
            x = cell(x)
            cells.append(x)
        seen = x.permute(0, 2, 3, 4, 1).flatten(2)
        parts = [self.color_hist_layer(frames), self.frame_sim_layer(cells), seen]
        dense = relu(self.fc1(torch.cat(parts, dim=2)))
        return torch.sigmoid(self.cls_layer1(dense)).squeeze(-1)
