"""The flow ``backfill``: its report, its budget, and what survives its death."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from reelworks.domain.jobs.backfill import BackfillStatus
from reelworks.domain.jobs.job import JobSelection, JobStatus
from reelworks.settings import Settings
from reelworks.store.db.database import create_database_engine, ensure_schema
from reelworks.store.jobs.backfill.backfills import get_backfill, list_backfills, resume_backfill
from reelworks.store.jobs.jobs import list_jobs
from reelworks.store.objects.artifacts import ArtifactStore
from tests.support.flows.doer import run_jobs
from tests.support.flows.runs import artifacts, as_environment
from tests.support.openai_server import CHAT, OpenAiServer

PRICES = """
[[price]]
models = ["openai-compatible:127.0.0.1/first-model"]
read = 2026-11-21
source = "made up for a test"
call = "0.25"
"""
START = """
import asyncio, sys
from flows.backfill import BackfillParams, backfill
params = BackfillParams(source=sys.argv[1], backfill_id="mine", in_flight=1, wait=True)
asyncio.run(backfill(params))
"""


async def run(**params: Any) -> dict[str, Any]:
    from flows.backfill import BackfillParams, backfill

    found: dict[str, Any] = await backfill(BackfillParams.model_validate(params))
    return found


async def test_a_plan_starts_nothing(environment: Settings, films: Path) -> None:
    planned = await run(source=str(films), plan=True)

    assert planned["videos"] == 3
    engine = create_database_engine(environment)
    assert list_backfills(engine) == []
    assert list_jobs(engine, JobSelection(), limit=9) == []
    engine.dispose()


@pytest.mark.slow
async def test_one_bad_file_never_stops_it_and_its_report_names_it(
    environment: Settings, films: Path
) -> None:
    (films / "bad.mp4").write_bytes(b"")
    done: list[str] = []
    async with run_jobs(environment, done) as engine:
        report = await run(source=str(films), library="films", backfill_id="mine", wait=True)
        again = await run(source=str(films), library="films", backfill_id="mine", wait=True)
        one = get_backfill(engine, "mine")

    assert one.status is BackfillStatus.DONE
    assert (one.jobs[JobStatus.DONE], one.jobs[JobStatus.FAILED]) == (3, 1)
    assert len(done) == 4, "started again it did nothing again"
    (failed,) = report["failures"]
    assert failed["source"] == str(films / "bad.mp4")
    assert failed["stage"] == "ingest"
    assert "is empty" in failed["reason"]
    assert again["failures"] == report["failures"]
    stored = ArtifactStore.open(environment).get_bytes("reports/mine.json")
    assert stored is not None
    assert json.loads(stored) == again
    tables = await artifacts("mine-failures")
    assert tables[0][0]["source"] == failed["source"]
    planned = {stage["stage"]: stage["todo"] for stage in report["plan"]["stages"]}
    assert planned["ingest"] == 4
    assert report["stages"]["ingest"]["computed"] == 3


@pytest.mark.slow
async def test_a_budget_stops_it_and_every_call_is_on_the_bill(
    environment: Settings,
    hosted: OpenAiServer,
    films: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text(PRICES)
    monkeypatch.setenv("MODEL_PRICES", str(prices))
    done: list[str] = []
    async with run_jobs(environment, done) as engine:
        report = await run(
            source=str(films), backfill_id="mine", in_flight=1, budget="0.3", wait=True
        )
        stopped = get_backfill(engine, "mine")
        calls = hosted.count(CHAT)
        resume_backfill(engine, "mine", stopped.limits.__class__(in_flight=1))
        report = await run(source=str(films), backfill_id="mine", wait=True)

    assert stopped.status is BackfillStatus.STOPPED
    assert "budget of 0.3" in str(stopped.reason)
    assert stopped.jobs[JobStatus.QUEUED] > 0
    assert stopped.cost == Decimal("0.25") * calls
    assert report["status"] == "done"
    assert Decimal(report["cost"]) == Decimal("0.25") * hosted.count(CHAT)
    (usage,) = report["usage"].values()
    assert usage["calls"] == hosted.count(CHAT) == usage["input_tokens"]
    assert len(done) == 3


@pytest.mark.slow
async def test_a_budget_without_a_price_is_refused(
    environment: Settings, hosted: OpenAiServer, films: Path
) -> None:
    from reelworks.errors import SettingsError

    with pytest.raises(SettingsError, match="first-model.*MODEL_PRICES"):
        await run(source=str(films), budget="1")


@pytest.mark.slow
async def test_killed_and_started_again_nothing_is_done_twice(
    environment: Settings, films: Path
) -> None:
    engine = create_database_engine(environment)
    ensure_schema(engine)
    variables = os.environ | as_environment(environment)
    starter = subprocess.Popen(
        [sys.executable, "-c", START, str(films)],
        env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            while not any(one.total for one in list_backfills(engine)):
                assert starter.poll() is None
                await asyncio.sleep(0.05)
    finally:
        starter.send_signal(signal.SIGKILL)
        starter.wait()

    done: list[str] = []
    async with run_jobs(environment, done):
        report = await run(source=str(films), backfill_id="mine", in_flight=1, wait=True)

    jobs = list_jobs(engine, JobSelection(backfill_id="mine"), limit=9)
    engine.dispose()
    assert report["status"] == "done"
    assert len(jobs) == len(done) == 3
    assert {(job.status, job.attempts) for job in jobs} == {(JobStatus.DONE, 1)}
