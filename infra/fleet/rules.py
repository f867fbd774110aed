"""Prefect automations for runs whose process died.

Prefect itself does not find such runs, so two of its automations do. They work on the server,
without a process of ours that could die too.
"""

from __future__ import annotations

from datetime import timedelta

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

from infra.fleet.change import Change, Outcome
from infra.fleet.plan import HEARTBEAT_SECONDS, RESTART_ON_CRASH, RUN_TAG

SILENT_SECONDS = 3 * HEARTBEAT_SECONDS
FORMER_TAG = "taken-back-when-lost"
"""``RESTART_ON_CRASH`` in 0.1: runs that were planned before an upgrade still have it."""
LOST = f"No heartbeat for {SILENT_SECONDS} s: the process of this run is gone."


def _tagged(*tags: str) -> ResourceSpecification:
    """Match what has one of these tags."""
    return ResourceSpecification(
        {
            "prefect.resource.id": [f"prefect.tag.{tag}" for tag in tags],
            "prefect.resource.role": "tag",
        }
    )


def _flow_runs(**labels: list[str]) -> ResourceSpecification:
    return ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*", **labels})


def silent_runs_crash() -> AutomationCore:
    """Return the rule that marks a run without heartbeat as crashed."""
    return AutomationCore(
        name="Reelworks: a run without heartbeat is crashed",
        description=f"{SILENT_SECONDS} s after the last sign of life of a run that has not ended.",
        trigger=EventTrigger(
            match=_flow_runs(),
            match_related=_tagged(RUN_TAG),
            # A run killed as it starts has sent no heartbeat yet, but the server noted its start.
            after={"prefect.flow-run.heartbeat", "prefect.flow-run.Running"},
            expect={"prefect.flow-run.*"},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=SILENT_SECONDS),
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, name="Crashed", message=LOST)],
    )


def crashed_runs_start_again(attempts: int) -> AutomationCore:
    """Return the rule that gives a crashed run to the next worker, ``attempts`` tries in all.

    The server counts: a run that was running once carries the count of its starts in its events.
    One that never came to run (a missing image, say) has the count 0 and stays crashed.
    """
    tries = [str(count) for count in range(1, attempts)]
    return AutomationCore(
        name="Reelworks: a crashed run starts again",
        description=f"At most {attempts} attempts (WORKER_MAX_ATTEMPTS); stages are cached.",
        enabled=bool(tries),
        trigger=EventTrigger(
            match=_flow_runs(**{"prefect.run-count": tries or ["never"]}),
            match_related=_tagged(RESTART_ON_CRASH, FORMER_TAG),
            expect={"prefect.flow-run.Crashed"},
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.SCHEDULED,
                name="AwaitingRetry",
                message="Its process died; the next worker runs it again.",
                force=True,
            )
        ],
    )


async def apply_rules(client: PrefectClient, attempts: int) -> list[Change]:
    """Make or update both rules; a rule that an operator switched off stays off.

    A rule of an earlier version has the same name and is changed in place, so that none acts twice.
    """
    wanted = (silent_runs_crash(), crashed_runs_start_again(attempts))
    return [await _apply(client, rule) for rule in wanted]


async def _apply(client: PrefectClient, rule: AutomationCore) -> Change:
    there = await client.read_automations_by_name(rule.name)
    if not there:
        await client.create_automation(rule)
        return Change("rule", rule.name, Outcome.MADE)
    found, *copies = there
    for copy in copies:  # two of a rule would act twice
        await client.delete_automation(copy.id)
    wanted = rule.model_copy(update={"enabled": found.enabled and rule.enabled})
    if _content(found) == _content(wanted):
        return Change("rule", rule.name, Outcome.UNCHANGED)
    await client.update_automation(found.id, wanted)
    return Change("rule", rule.name, Outcome.UPDATED)


def _content(rule: AutomationCore) -> dict[str, object]:
    return AutomationCore(**rule.model_dump(include=set(AutomationCore.model_fields))).model_dump()
