"""No library reports about its users, in a plain program as little as in a container."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reelworks import NO_REPORTS
from reelworks.models.runtime.fetch import ensure_model
from reelworks.settings import Settings

CI = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "BUILDKITE", "CIRCLECI", "TRAVIS")


def run(code: str, home: Path, **variables: str) -> str:
    own = {name: value for name, value in os.environ.items() if name not in (*NO_REPORTS, *CI)}
    made = subprocess.run(
        [sys.executable, "-c", code],
        env={**own, "HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


def test_onnx_runtime_keeps_no_number_of_the_machine_and_nothing_to_send(tmp_path: Path) -> None:
    model = ensure_model("minilm-l6-v2-int8", Settings().models_dir) / "model.onnx"
    session = f"import onnxruntime; onnxruntime.InferenceSession({str(model)!r})"

    run(f"import reelworks; {session}", tmp_path)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.slow
def test_prefect_and_the_model_hub_are_told_before_they_are_imported(tmp_path: Path) -> None:
    prefect = "from prefect._internal.analytics.enabled import is_telemetry_enabled as asked"

    assert run(f"import flows.serve; {prefect}; print(asked())", tmp_path) == "False"
    server = "from prefect.settings import get_current_settings as now"
    assert (
        run(f"import flows; {server}; print(now().server.analytics_enabled)", tmp_path) == "False"
    )
    hub = "from huggingface_hub.constants import HF_HUB_DISABLE_TELEMETRY as off"
    assert run(f"import reelworks; {hub}; print(off)", tmp_path) == "True"


@pytest.mark.parametrize("name", NO_REPORTS)
def test_who_chose_otherwise_is_not_overruled(name: str, tmp_path: Path) -> None:
    requests = f"import os, reelworks; print(os.environ[{name!r}])"

    assert run(requests, tmp_path, **{name: "0"}) == "0"
