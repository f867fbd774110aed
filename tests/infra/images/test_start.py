"""The images' entrypoint: one sentence for what is wrong, else the command itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.images.start import driver_fault, folder_fault


def start(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "infra.images.start", *command],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[3])}
        | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_replaces_the_entrypoint(tmp_path: Path) -> None:
    done = start("sh", "-c", "echo $$ ran; exit 5", DATA_DIR=str(tmp_path / "data"))

    assert done.stdout.split()[1] == "ran"
    assert done.returncode == 5
    assert done.stderr == ""
    assert (tmp_path / "data").is_dir()


def test_an_unknown_command_is_named(tmp_path: Path) -> None:
    done = start("realworks", "index", DATA_DIR=str(tmp_path))

    assert done.returncode == 127
    assert done.stderr == "Error: This image has no command realworks.\n"


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="this machine has an NVIDIA driver")
def test_the_cuda_image_without_a_driver_says_what_to_do_and_runs_nothing(tmp_path: Path) -> None:
    done = start("sh", "-c", "echo ran", DATA_DIR=str(tmp_path), REELWORKS_IMAGE="cuda")

    assert done.returncode == 4
    assert done.stdout == ""
    assert "no NVIDIA driver" in done.stderr
    assert "--gpus all" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_cpu_image_asks_for_no_driver(tmp_path: Path) -> None:
    assert start("true", DATA_DIR=str(tmp_path), REELWORKS_IMAGE="cpu").returncode == 0


def driver(folder: Path, *, initialises: int, knows: int) -> str:
    """Build a driver library with the two functions that are called, and return its path."""
    source, library = folder / "driver.c", folder / "libcuda.so.1"
    source.write_text(
        f"int cuInit(unsigned flags) {{ return {initialises}; }}\n"
        f"int cuDriverGetVersion(int *version) {{ *version = {knows}; return 0; }}\n"
    )
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    return str(library)


@pytest.mark.skipif(shutil.which("cc") is None, reason="no compiler to build a driver with")
@pytest.mark.parametrize(
    ("initialises", "knows", "says"),
    [
        (0, 13000, None),
        (0, 13020, None),
        (0, 12080, "supports CUDA 12.8, but this image needs 13.0"),
        (100, 13000, "finds no GPU that it can use (CUDA error 100)"),
    ],
)
def test_the_drivers_answers_are_read(
    tmp_path: Path, initialises: int, knows: int, says: str | None
) -> None:
    trouble = driver_fault(driver(tmp_path, initialises=initialises, knows=knows))

    assert (trouble is None) if says is None else (trouble is not None and says in trouble)


def test_a_folder_that_is_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")

    trouble = folder_fault(tmp_path / "data")

    assert trouble is not None
    assert str(tmp_path / "data") in trouble


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_of_somebody_else_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    trouble = folder_fault(tmp_path)

    assert trouble is not None
    assert "chown" in trouble
