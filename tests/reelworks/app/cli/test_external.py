"""Beside external services a command starts nothing: its work goes to the queue there."""

from __future__ import annotations

import shutil

import psutil
import pytest

from reelworks.domain.jobs.job import JobSelection, JobStatus
from reelworks.store.db.database import create_database_engine
from reelworks.store.jobs.jobs import count_jobs, list_jobs

pytestmark = pytest.mark.slow


def started_for(folder) -> list[psutil.Process]:
    """The processes that work under this DATA_DIR."""
    found = []
    for one in psutil.process_iter(["environ"]):
        if (one.info["environ"] or {}).get("DATA_DIR") == str(folder):
            found.append(one)
    return found


def test_commands_start_no_process_and_leave_no_state_file(
    prefect_api, reelworks, clean_settings, media, tmp_path
):
    films = tmp_path / "films"
    films.mkdir()
    shutil.copy(media / "odd" / "no_audio.mp4", films)
    elsewhere = {"PREFECT_API_URL": prefect_api}

    synced = reelworks("sync", str(films), "--library", "films", "--json", **elsewhere)
    source = str(media / "odd" / "audio_only.m4a")
    handed = reelworks("index", "--detach", source, "--id", "clip", "--json", **elsewhere)
    away = {"PREFECT_API_URL": "http://127.0.0.1:1/api"}  # it is not asked, and gets no rules
    restored = reelworks("restore", "--json", **away)
    up = reelworks("up", **elsewhere)

    for said in (synced, handed, restored, up):
        assert said.code == 0, said.err
    assert not started_for(clean_settings.data_dir)
    assert not (clean_settings.data_dir / "run").exists()
    assert "All services are external" in up.out
    engine = create_database_engine(clean_settings)
    try:
        assert count_jobs(engine)[JobStatus.QUEUED] == 2
        (clip,) = list_jobs(engine, JobSelection(video_id="clip"), limit=9)
    finally:
        engine.dispose()
    assert clip.params["source"].startswith("s3://"), "no worker there has this machine's files"
