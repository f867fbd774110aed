"""``status``, ``doctor``, ``up`` and ``down``, with services of this test's own."""

from __future__ import annotations

import tempfile
import time

import pytest

from infra.services.process import current
from infra.workers.child.messages import ModelPoolStatus, ModelStatus
from infra.workers.status.worker_status import ChildStatus, WorkerStatus, own_file, write_status
from tests.reelworks.app.cli.conftest import call
from tests.support.flows.runs import as_environment


@pytest.mark.usefixtures("prefect_api")
def test_doctor_checks_every_part(reelworks):
    said = reelworks("doctor", "--json")

    assert said.code == (0 if said.json["ok"] else 6)
    names = {check["name"] for check in said.json["checks"]}
    assert {"Python", "Disk", "ffmpeg", "PostgreSQL", "Store", "Prefect"} <= names
    assert {"transcribe model", "vision model", "embed model"} <= names
    for check in said.json["checks"]:
        assert check["hint"] or check["verdict"] == "ok"


@pytest.mark.usefixtures("prefect_api")
def test_doctor_marks_findings_in_words_where_the_terminal_has_no_ticks(reelworks):
    said = reelworks("doctor", PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert "OK PostgreSQL: version" in said.out
    assert "?" not in said.out.split("PostgreSQL")[0]


@pytest.mark.usefixtures("prefect_api")
def test_status_shows_what_is_elsewhere_without_its_password(reelworks, clean_settings):
    secret = as_environment(clean_settings)["DATABASE_URL"].split(":")[2].split("@")[0]
    said = reelworks("status", "--json")

    conditions = {part["part"]: part["condition"] for part in said.json["parts"]}
    assert conditions["postgres"] == conditions["store"] == conditions["prefect"] == "external"
    assert secret not in said.out + reelworks("status").out


@pytest.mark.usefixtures("prefect_api")
def test_status_shows_what_warm_workers_have_loaded(reelworks, clean_settings):
    model = ModelStatus(
        key="minilm/2",
        loaded=True,
        loads=1,
        hits=41,
        load_seconds=0.7,
        host_bytes=90_000_000,
        gpu_bytes=0,
    )
    child = ChildStatus(
        gpu="GPU-1",
        pid=7,
        run=None,
        runs=42,
        memory=200_000_000,
        revision="0123456789ab",
        models=ModelPoolStatus(models=[model]),
    )
    worker = WorkerStatus(
        name="warm one",
        pool="gpu",
        host="elsewhere",
        process=current(),
        release="0.1.0",
        revision="0123456789ab",
        started=time.time(),
        updated=time.time(),
        children=[child],
    )
    write_status(own_file(clean_settings.data_dir), worker)

    (listed,) = reelworks("status", "--json").json["workers"]
    shown = reelworks("status").out

    assert listed["children"][0]["models"]["models"][0]["hits"] == 41
    assert all(word in shown for word in ("warm one", "GPU-1", "idle", "minilm/2", "loaded"))


@pytest.mark.slow
def test_up_indexes_what_is_submitted_until_down(media, tmp_path):
    names = ("DATABASE_URL", "S3_ENDPOINT_URL", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY")
    with tempfile.TemporaryDirectory(prefix="rw-", ignore_cleanup_errors=True) as folder:
        own = dict.fromkeys((*names, "PREFECT_API_URL", "S3_BUCKET"), "") | {"DATA_DIR": folder}
        missing = call("index", "--detach", f"{tmp_path}/gone.mp4", "--json", environment=own)
        assert (missing.code, missing.json["error"]["code"]) == (3, "source_not_found")
        try:
            up = call("up", "--json", environment=own)
            assert up.code == 0, up.err
            assert up.json["prefect_ui"].startswith("http://127.0.0.1:")
            assert {part["condition"] for part in up.json["parts"]} == {"running"}
            source = str(media / "odd" / "audio_only.m4a")
            sent = call("index", "--detach", source, "--id", "clip", "--json", environment=own)
            assert sent.code == 0, sent.err
            assert sent.json[0]["job_id"]
            deadline = time.monotonic() + 180
            listed: list[dict[str, str]] = []
            while not any(one["status"] in ("ready", "failed") for one in listed):
                assert time.monotonic() < deadline, "timed out"
                time.sleep(1)
                listed = call("list", "--json", environment=own).json["videos"]
            assert [(one["id"], one["status"]) for one in listed] == [("clip", "ready")]
        finally:
            down = call("down", "--force", "--json", environment=own)
        assert down.json == {"still_used_by": []}
        after = call("status", "--json", environment=own).json
        assert {part["condition"] for part in after["parts"]} == {"stopped"}
