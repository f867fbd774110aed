"""``deployments.yaml`` and ``reelworks deploy``: what the file says is what the server has."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from infra.fleet.deployments import read_entries
from infra.fleet.plan import POOLS
from tests.support.flows.runs import as_environment
from tests.support.own_prefect import own_server

FILE = Path(__file__).parents[1] / "deployments.yaml"
QUEUES = {pool.name: {queue.name for queue in pool.queues} for pool in POOLS}
NAMES = {
    *("index/cpu", "index/docker", "stage/gpu", "stage/gpu-docker"),
    *("backfill/cpu", "sync/cpu", "fleet/cpu"),
}

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@pytest.fixture(autouse=True, scope="module")
def _collected():
    yield
    gc.collect()


def said() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(FILE.read_text())["deployments"]
    return found


def test_every_entrypoint_is_a_flow_of_the_same_name():
    from prefect import Flow

    for entry in said():
        module, _, name = entry["entrypoint"].rpartition(".")
        flow = getattr(import_module(module), name)
        assert isinstance(flow, Flow)
        assert flow.name == name == module.removeprefix("flows.")


def test_every_flow_is_deployed():
    flows = {path.stem for path in (FILE.parent / "flows").glob("*.py")} - {"__init__", "serve"}

    assert {entry["entrypoint"].split(".")[1] for entry in said()} == flows
    assert {entry.full_name for entry in read_entries(FILE)} == NAMES


def test_every_pool_and_queue_is_one_of_ours():
    for entry in said():
        pool = entry["work_pool"]
        assert pool["work_queue_name"] in QUEUES[pool["name"]]
    assert {entry["work_pool"]["name"] for entry in said()} == set(QUEUES)


def test_interactive_work_goes_before_backfills():
    for pool in POOLS:
        priorities = {queue.name: queue.priority for queue in pool.queues}
        assert priorities["interactive"] < priorities["backfill"]


def test_whole_runs_are_taken_back_and_stages_are_not():
    """A stage in a pool has a caller, which retries it."""
    from flows.serve import TAGS

    for entry in said():
        whole = entry["entrypoint"] != "flows.stage.stage"
        assert ("restart-on-crash" in entry["tags"]) is whole
        assert "reelworks" in entry["tags"]
    assert set(TAGS) == {"reelworks", "restart-on-crash"}


def crons() -> list[tuple[str, str]]:
    """Every cron of the file with its time zone, also those of examples in comments."""
    lines = [line.strip().lstrip("#").strip() for line in FILE.read_text().splitlines()]
    found = []
    for number, line in enumerate(lines):
        if line.startswith("- cron:"):
            (entry,) = yaml.safe_load(line)
            (zone,) = yaml.safe_load(lines[number + 1]).values()
            found.append((entry["cron"], zone))
    return found


def is_odd(wall: datetime, zone: ZoneInfo) -> bool:
    """Tell whether a wall clock skips this time, or shows it twice."""
    first, second = (wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    return first.utcoffset() != second.utcoffset()


def test_every_schedule_names_an_hour_that_each_day_has_once():
    """At 02:30 in Berlin nothing happens on a night in March, and twice on one in October."""
    assert is_odd(datetime(2027, 3, 28, 2, 30), ZoneInfo("Europe/Berlin"))
    assert is_odd(datetime(2027, 10, 31, 2, 30), ZoneInfo("Europe/Berlin"))
    assert len(crons()) == 3
    for cron, zone in crons():
        minute, hour, *days = cron.split()
        assert days == ["*", "*", "*"], cron
        hours = range(24) if hour == "*" else [int(hour)]
        for day in range(3653):
            at = datetime(2026, 11, 26) + timedelta(days=day)
            times = [at.replace(hour=one, minute=int(minute)) for one in hours]
            assert not any(is_odd(one, ZoneInfo(zone)) for one in times), (cron, zone, at)


def call(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reelworks.app.cli", "deploy", *arguments],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


async def content() -> dict[str, Any]:
    """All that the server has of ours, without the times of its last look."""
    from prefect.client.orchestration import get_client

    async with get_client() as client:
        pools = [await client.read_work_pool(pool.name) for pool in POOLS]
        queues = [
            await client.read_work_queue_by_name(queue.name, work_pool_name=pool.name)
            for pool in POOLS
            for queue in pool.queues
        ]
        deployments = [await client.read_deployment_by_name(name) for name in sorted(NAMES)]
        blocks = await client.read_block_documents(include_secrets=True)
        rules = [rule for rule in await client.read_automations() if "Reelworks" in rule.name]
    seen = {"updated", "last_polled", "status", "active_slots", "block_type", "block_schema"}
    kinds = {"pool": pools, "queue": queues, "deployment": deployments, "block": blocks}
    found = {
        f"{kind} {one.name} {one.id}": one.model_dump(mode="json", exclude=seen)
        for kind, many in kinds.items()
        for one in many
    }
    for one in found.values():
        for schedule in one.get("schedules", ()):
            for noted in ("id", "created", "updated"):
                schedule.pop(noted)
        if limit := one.get("global_concurrency_limit"):
            limit.pop("updated")
            limit.pop("active_slots")
    return found | {f"rule {rule.id}": rule.model_dump(mode="json") for rule in rules}


@pytest.mark.slow
async def test_deploy_makes_all_of_it_once_and_a_second_time_changes_nothing(
    prefect_api, clean_settings
):
    variables = as_environment(clean_settings) | {"PREFECT_API_URL": prefect_api}

    first = await asyncio.to_thread(call, "--json", **variables)
    assert first.returncode == 0, first.stderr + first.stdout
    before = await content()
    second = await asyncio.to_thread(call, "--json", **variables)
    assert second.returncode == 0, second.stderr + second.stdout

    changes = json.loads(second.stdout)["changes"]
    blocks = {c["name"]: c["outcome"] for c in changes if c["kind"] == "block"}
    assert blocks == {
        "reelworks-hosted-models/reelworks": "unchanged",
        "reelworks-artifact-store/reelworks": "skipped",
        "reelworks-database/reelworks": "skipped",
    }, "what would hold a secret is not saved"
    others = {change["outcome"] for change in changes if change["kind"] != "block"}
    assert others == {"unchanged"}
    assert {change["name"] for change in changes if change["kind"] == "deployment"} == NAMES
    assert await content() == before
    for entry in said():
        await same_as_said(entry)


async def same_as_said(entry: dict[str, Any]) -> None:
    from prefect.client.orchestration import get_client

    flow = entry["entrypoint"].rpartition(".")[2]
    async with get_client() as client:
        there = await client.read_deployment_by_name(f"{flow}/{entry['name']}")
    assert there.entrypoint == entry["entrypoint"]
    assert there.description == entry["description"]
    assert there.tags == entry["tags"]
    assert (there.work_pool_name, there.work_queue_name) == (
        entry["work_pool"]["name"],
        entry["work_pool"]["work_queue_name"],
    )
    assert there.enforce_parameter_schema is True
    assert there.pull_steps == []
    planned = {one["slug"]: (one["cron"], one["active"]) for one in entry["schedules"]}
    assert {one.slug: (one.schedule.cron, one.active) for one in there.schedules} == planned
    assert not any(one.active for one in there.schedules)
    assert there.global_concurrency_limit.limit == entry["concurrency_limit"]["limit"]
    assert there.concurrency_options.collision_strategy == "ENQUEUE"
    forms = there.parameter_openapi_schema["definitions"]
    (form,) = (form for name, form in forms.items() if name.endswith("Params"))
    for name, field in form["properties"].items():
        assert field["title"], name
        assert field["description"].endswith("."), name


@pytest.mark.slow
async def test_prefect_s_own_command_deploys_all_to_a_new_server(services, tmp_path):
    """Without ``reelworks deploy`` before it: the server has no pool of ours."""
    from prefect.client.orchestration import PrefectClient

    with own_server(services, tmp_path) as server:
        address = server.address
        said = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "prefect", "deploy", "--prefect-file", FILE.name, "--all"],
            cwd=FILE.parent,
            env=os.environ | {"PREFECT_API_URL": address, "PREFECT_HOME": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert said.returncode == 0, said.stdout[-2000:] + said.stderr[-2000:]
        async with PrefectClient(address) as client:
            for name in NAMES:
                await client.read_deployment_by_name(name)
            for pool, queues in QUEUES.items():
                there = await client.read_work_queues(work_pool_name=pool)
                assert queues <= {queue.name for queue in there}


@pytest.mark.parametrize("name", ["backfill", "sync", "fleet"])
def test_a_form_reads_well(name):
    """Each field of a flow's parameters says in the Prefect UI what it is."""
    from prefect.utilities.callables import parameter_schema

    flow = getattr(import_module(f"flows.{name}"), name)
    schema = parameter_schema(flow)
    form = schema.definitions[f"{name.capitalize()}Params"]

    for field, one in form["properties"].items():
        assert one["title"], field
        assert one["description"].endswith("."), field
