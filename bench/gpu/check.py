"""Check of all GPU code: does it run on the GPU, with the same result, and how fast?

``make gpu-check`` runs it on a machine with an NVIDIA GPU. ``--cpu`` runs the same checks without
one, to prove the script itself.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.gpu.encoding import encoding
from bench.gpu.finding import CheckContext, Finding
from bench.gpu.models import describing, recognition, shots, vectors
from reelworks.errors import ReelworksError
from reelworks.settings import load_settings

NO_GPU = 4
FAILED = 1
out = Console(width=110)


def main() -> int:
    """Run the checks; 0 when all are well, 1 when one is not, 4 without a GPU."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cpu", action="store_true", help="hide the GPU and check on the CPU")
    chosen = parser.parse_args()
    if chosen.cpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # read when the runtimes load, which is later
    missing = [] if chosen.cpu else what_is_missing()
    if missing:
        out.print("No GPU check is possible on this machine:", style="bold red")
        for line in missing:
            out.print(f"  - {line}")
        out.print("To prove the script without a GPU: python -m bench.gpu.check --cpu")
        return NO_GPU
    with tempfile.TemporaryDirectory() as folder:
        bench = CheckContext(load_settings(), Path(folder), on_gpu=not chosen.cpu)
        findings = [_checked(check, bench) for check in CHECKS]
    out.print(table_of(findings, _title(bench)))
    return 0 if all(finding.ok for finding in findings) else FAILED


def what_is_missing() -> list[str]:
    """Return, in plain words, what this machine lacks for the whole check."""
    import ctranslate2

    from reelworks.media import nvenc

    missing = []
    try:
        import torch

        if not torch.cuda.is_available():
            built = f"was built for CUDA {torch.version.cuda}" if torch.version.cuda else "is a CPU"
            missing.append(f"torch {torch.__version__} {built} build and sees no GPU")
    except ImportError:
        missing.append("torch is not installed: pip install 'reelworks[cuda]'")
    if ctranslate2.get_cuda_device_count() == 0:
        missing.append("CTranslate2, which runs Whisper, sees no CUDA device")
    if not nvenc.works():
        missing.append("ffmpeg cannot encode with NVENC: no driver, or a card without an encoder")
    return missing


Check = Callable[[CheckContext], Finding]
CHECKS: tuple[Check, ...] = (recognition, shots, describing, vectors, encoding)


def table_of(findings: list[Finding], title: str) -> Table:
    """Return the findings as a table."""
    made = Table("what", "where", "figures", "", "note", title=title)
    for finding in findings:
        verdict = "[green]ok" if finding.ok else "[red]WRONG"
        made.add_row(finding.what, finding.where, finding.figures, verdict, finding.note)
    return made


def _checked(check: Check, bench: CheckContext) -> Finding:
    """Run one check; one that fails does not hide what the others find."""
    out.print(f"{(check.__doc__ or check.__name__).splitlines()[0]} ...", style="dim")
    try:
        return check(bench)
    except (ReelworksError, ImportError) as error:
        return Finding(check.__name__, "-", "-", ok=False, note=str(error))


def _title(bench: CheckContext) -> str:
    if not bench.on_gpu:
        return f"The checks on the CPU ({os.cpu_count()} cores): not what a GPU would do"
    import torch

    memory = torch.cuda.get_device_properties(0).total_memory / 2**30
    peak = torch.cuda.max_memory_allocated(0) / 2**30
    return f"{torch.cuda.get_device_name(0)}, {memory:.0f} GiB; torch took {peak:.1f} GiB at most"


if __name__ == "__main__":
    sys.exit(main())
