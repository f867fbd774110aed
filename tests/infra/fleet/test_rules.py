"""The rules about runs whose process died, on a real server."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta

import pytest
from prefect.events.schemas.events import ResourceSpecification
from prefect.states import Crashed, Running

from infra.fleet.change import Outcome
from infra.fleet.plan import HEARTBEAT, RESTART_ON_CRASH, RUN_TAG
from infra.fleet.rules import (
    FORMER_TAG,
    apply_rules,
    crashed_runs_start_again,
    silent_runs_crash,
)

HANGS = """
import asyncio
from uuid import UUID
import sys

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.flow_engine import run_flow

@flow(name="hangs", persist_result=False)
async def hangs():
    await asyncio.sleep(600)

async def main():
    async with get_client() as client:
        run = await client.read_flow_run(UUID(sys.argv[1]))
    await run_flow(hangs, flow_run=run)

asyncio.run(main())
"""


@pytest.fixture
async def no_rules(client):
    """A server without our rules, before and after."""

    async def remove() -> None:
        for automation in await client.read_automations():
            if automation.name.startswith("Reelworks: "):
                await client.delete_automation(automation.id)

    await remove()
    yield
    await remove()


async def test_both_rules_are_made_once(client, no_rules):
    made = await apply_rules(client, 3)
    ids = {one.id for one in await client.read_automations() if one.name.startswith("Reelworks")}
    again = await apply_rules(client, 3)

    assert [one.outcome for one in made] == [Outcome.MADE, Outcome.MADE]
    assert [one.outcome for one in again] == [Outcome.UNCHANGED, Outcome.UNCHANGED]
    after = {one.id for one in await client.read_automations() if one.name.startswith("Reelworks")}
    assert after == ids
    assert len(ids) == 2


async def test_another_number_of_attempts_updates_its_rule_alone(client, no_rules):
    await apply_rules(client, 3)

    silent, again = await apply_rules(client, 5)

    assert (silent.outcome, again.outcome) == (Outcome.UNCHANGED, Outcome.UPDATED)


async def test_a_rule_that_was_switched_off_stays_off(client, no_rules):
    await apply_rules(client, 3)
    rule = await client.find_automation(silent_runs_crash().name)
    await client.pause_automation(rule.id)

    changes = await apply_rules(client, 3)

    assert [one.outcome for one in changes] == [Outcome.UNCHANGED, Outcome.UNCHANGED]
    assert not (await client.find_automation(rule.id)).enabled


async def test_the_rule_of_the_version_before_is_replaced_and_a_crash_is_answered_once(
    client, no_rules
):
    before = crashed_runs_start_again(3)
    before.trigger.match_related = ResourceSpecification(
        {"prefect.resource.id": f"prefect.tag.{FORMER_TAG}", "prefect.resource.role": "tag"}
    )
    await client.create_automation(before)
    await client.create_automation(before)  # two commands that were quick, say

    changes = await apply_rules(client, 3)

    assert [one.outcome for one in changes] == [Outcome.MADE, Outcome.UPDATED]
    (rule,) = await client.read_automations_by_name(before.name)
    assert rule.trigger == crashed_runs_start_again(3).trigger
    assert [one.outcome for one in await apply_rules(client, 3)] == [Outcome.UNCHANGED] * 2
    for tag in (RESTART_ON_CRASH, FORMER_TAG):  # the second: planned before the upgrade
        run = await a_run(client, tags=[RUN_TAG, tag])
        await client.set_flow_run_state(run.id, Running(), force=True)
        await client.set_flow_run_state(run.id, Crashed(), force=True)
        await until(client, run.id, "AwaitingRetry")
        await asyncio.sleep(2)
        names = [state.name for state in await client.read_flow_run_states(run.id)]
        assert names.count("AwaitingRetry") == 1


def test_with_one_attempt_nothing_starts_again():
    assert not crashed_runs_start_again(1).enabled
    assert crashed_runs_start_again(2).enabled


@pytest.mark.slow
async def test_a_killed_run_crashes_and_starts_again_as_often_as_allowed(
    client, no_rules, tmp_path
):
    silent = silent_runs_crash()
    silent.trigger.within = timedelta(seconds=10)  # as short as Prefect allows, for the test
    await client.create_automation(silent)
    await client.create_automation(crashed_runs_start_again(2))
    run = await a_run(client, tags=[RUN_TAG, RESTART_ON_CRASH])

    await start_and_kill(client, run.id, tmp_path, after=2)  # its first heartbeat is sent
    again = await until(client, run.id, "AwaitingRetry")
    assert again.run_count == 1
    await start_and_kill(client, run.id, tmp_path, after=0)
    lost = await until(client, run.id, "Crashed")

    assert lost.run_count == 2
    assert "No heartbeat" in lost.state.message
    await asyncio.sleep(3)
    assert (await client.read_flow_run(run.id)).state.name == "Crashed", "two tries, no more"


async def a_run(client, tags):
    from prefect import flow

    @flow(name="hangs")
    async def hangs():
        pass

    flow_id = await client.create_flow(hangs)
    deployment = await client.create_deployment(flow_id, "hangs", tags=tags)
    return await client.create_flow_run_from_deployment(deployment, tags=tags)


async def start_and_kill(client, run_id, folder, after):
    """Let a process run the flow and kill it ``after`` seconds of running."""
    program = folder / "hangs.py"
    program.write_text(HANGS)
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(program), str(run_id), env=os.environ | HEARTBEAT, cwd=folder
    )
    try:
        await until(client, run_id, "Running")
        await asyncio.sleep(after)
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()


async def until(client, run_id, name, seconds=60.0):
    async with asyncio.timeout(seconds):
        while (run := await client.read_flow_run(run_id)).state.name != name:
            await asyncio.sleep(0.2)
    return run
