"""What a child does around a run, in this process: environment, folder and imports come back."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from infra.workers.child.messages import RunRequest
from infra.workers.child.program import _preload, model_pool_status, run_environment


def test_what_a_run_changes_is_restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELD", "before")
    (tmp_path / "lies_in_the_folder_of_a_run.py").write_text("NUMBER = 7")
    before = dict(os.environ), Path.cwd(), list(sys.path), list(sys.argv)
    request = RunRequest(
        run_id=uuid4(), environment={"HELD": "during", "NEW": "1"}, folder=str(tmp_path)
    )

    with run_environment(request):
        assert (os.environ["HELD"], os.environ["NEW"]) == ("during", "1")
        assert Path.cwd() == tmp_path.resolve()
        __import__("lies_in_the_folder_of_a_run")
        os.environ["LEFT_BEHIND"] = "1"
        sys.path.append("/nowhere")
        sys.argv.append("more")

    assert (dict(os.environ), Path.cwd(), list(sys.path), list(sys.argv)) == before
    assert "lies_in_the_folder_of_a_run" not in sys.modules


def test_it_is_restored_when_the_run_fails(tmp_path: Path) -> None:
    before = Path.cwd()
    request = RunRequest(run_id=uuid4(), environment={}, folder=str(tmp_path))

    with pytest.raises(SystemExit), run_environment(request):
        raise SystemExit(3)

    assert Path.cwd() == before


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("json:dumps_nothing", "json:dumps_nothing could not be preloaded"),
        ("no.such.module", "no.such.module could not be preloaded"),
        ("json", None),
        ("os:getpid", None),
    ],
)
def test_what_cannot_be_loaded_ahead_is_told(name: str, fault: str | None) -> None:
    found = _preload(name)

    assert found is None if fault is None else str(found).startswith(fault)


def test_the_status_of_the_models_is_that_of_the_pool_of_this_process() -> None:
    from reelworks.models.runtime.pool import pool

    found, snapshot = model_pool_status(), pool.snapshot()

    assert [model.key for model in found.models] == [model.key for model in snapshot.models]
    assert found.host_bytes == snapshot.used.host
