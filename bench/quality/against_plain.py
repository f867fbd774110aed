"""Quality of the pipeline's results next to the plain script's: cuts, words and video."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import jiwer
from rich.table import Table

from reelworks.domain.library.library import VideoView
from reelworks.settings import load_settings
from reelworks.store.db.database import create_database_engine
from reelworks.store.library.video_contents import get_video
from reelworks.store.objects.artifacts import ArtifactStore

FRAME = 1 / 30


@dataclass(frozen=True, slots=True)
class Quality:
    """Figures of both for the same clip."""

    cuts: tuple[int, int]
    """Found by the script, found by the pipeline."""
    shared_cuts: int
    """Within one frame of one another."""
    words: tuple[float | None, float | None]
    """Word error rate against the truth, script and pipeline; None without a truth."""
    ssim: tuple[float, float]
    """Of the normalized video against the source at 720 lines, script and pipeline."""
    megabytes: tuple[float, float]

    def table(self) -> Table:
        """Return the figures as a table."""
        table = Table("quality", "script", "this", title="Quality")
        table.add_row("cuts found", *map(str, self.cuts))
        table.add_row("the same cuts, within one frame", "", str(self.shared_cuts))
        if None not in self.words:
            table.add_row("word error rate", *(f"{rate:.1%}" for rate in self.words))
        table.add_row("SSIM of the normalized video", *(f"{value:.4f}" for value in self.ssim))
        table.add_row("normalized video, MB", *(f"{value:.1f}" for value in self.megabytes))
        return table


def compare(clip: Path, script_out: Path, script: dict[str, Any], video_id: str) -> Quality:
    """Compare the last results of both; ``clip`` may have its spoken text beside it (``.txt``)."""
    settings = load_settings()
    engine = create_database_engine(settings)
    view = get_video(engine, video_id)
    engine.dispose()
    ours = [stored.scene.t_start for stored in view.scenes[1:]]
    theirs = list(script["cuts"])
    shared = sum(any(abs(cut - other) <= FRAME * 1.01 for other in theirs) for cut in ours)
    with tempfile.TemporaryDirectory() as folder:
        video = _fetch_video(view, Path(folder))
        script_video = script_out / "normalized.mp4"
        return Quality(
            cuts=(len(theirs), len(ours)),
            shared_cuts=shared,
            words=(
                _error_rate(clip, script["text"]),
                _error_rate(clip, view.transcript.text),
            ),
            ssim=(ssim(script_video, clip), ssim(video, clip)),
            megabytes=(script_video.stat().st_size / 1e6, video.stat().st_size / 1e6),
        )


def _fetch_video(view: VideoView, folder: Path) -> Path:
    assert view.normalized_path is not None
    target = folder / "normalized.mp4"
    ArtifactStore.open(load_settings()).download(view.normalized_path, target)
    return target


def _error_rate(clip: Path, transcript: str) -> float | None:
    truth = clip.with_suffix(".txt")
    if not truth.exists():
        return None
    return float(jiwer.wer(_plain(truth.read_text(encoding="utf-8")), _plain(transcript)))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9']+", text.lower()))


def ssim(video: Path, source: Path, lines: int = 720) -> float:
    """Return how alike a normalized video of ``lines`` lines and its source are, 0 to 1."""
    graph = f"[1:v]scale=-2:{lines}:flags=lanczos,fps=30[r];[0:v][r]ssim"
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "info"]
    inputs = ["-i", str(video), "-i", str(source)]
    done = subprocess.run(
        [*ffmpeg, *inputs, "-filter_complex", graph, "-f", "null", "-"],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(re.findall(r"All:([0-9.]+)", done.stderr)[-1])
