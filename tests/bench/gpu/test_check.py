"""The check says what a machine lacks, and judges each finding by where it ran."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import ctranslate2
import pytest

from bench.gpu.check import NO_GPU, table_of
from bench.gpu.finding import CheckContext, Finding
from reelworks.settings import Settings


@pytest.mark.slow
@pytest.mark.skipif(ctranslate2.get_cuda_device_count() > 0, reason="this machine has a GPU")
def test_without_a_gpu_it_says_what_is_missing_and_how_to_go_on() -> None:
    command = [sys.executable, "-m", "bench.gpu.check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == NO_GPU
    assert "CTranslate2, which runs Whisper, sees no CUDA device" in done.stdout
    assert "NVENC" in done.stdout
    assert "--cpu" in done.stdout


@pytest.mark.parametrize(
    ("on_gpu", "is_cuda", "judged"),
    [
        (True, True, ("GPU", True)),
        (True, False, ("CPU", False)),
        (False, False, ("CPU", True)),
        (False, True, ("GPU", False)),
    ],
)
def test_what_runs_in_the_wrong_place_is_wrong(
    on_gpu: bool, is_cuda: bool, judged: tuple[str, bool]
) -> None:
    assert CheckContext(Settings(_env_file=None), Path(), on_gpu).device(is_cuda) == judged


def test_every_finding_is_a_line_of_the_table() -> None:
    findings = [Finding("a", "GPU", "1 s", ok=True), Finding("b", "CPU", "2 s", ok=False)]
    assert table_of(findings, "title").row_count == 2
