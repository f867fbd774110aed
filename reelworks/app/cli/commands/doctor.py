"""``reelworks doctor``: every part checked, each failure with its mend."""

from __future__ import annotations

from datetime import date

from infra.services.checks import Check, CheckResult, check_machine, check_services
from infra.services.supervision.supervisor import running
from reelworks.app.cli import output
from reelworks.errors import ReelworksError
from reelworks.settings import DEFAULT_MODELS, Provider, Settings, load_settings

_MARKS = {
    CheckResult.OK: ("✓ ", "green"),
    CheckResult.WARN: ("! ", "yellow"),
    CheckResult.FAIL: ("✗ ", "red"),
}
FAILED = 6


def doctor(json: output.Json = False) -> int:
    """Check every part, and say how to mend what is broken."""
    settings = load_settings()
    checks = [*check_machine(settings), *_services(settings), *_models(settings)]
    failed = any(check.verdict is CheckResult.FAIL for check in checks)
    if json:
        output.print_json({"ok": not failed, "checks": checks})
    else:
        for check in checks:
            output.echo(_mark(check.verdict), f"{check.name}: {check.finding}")
            if check.hint:
                output.echo(f"    {check.hint}")
    return FAILED if failed else 0


def _mark(verdict: CheckResult) -> tuple[str, str]:
    mark, colour = _MARKS[verdict]
    if output.out.encoding.startswith("utf"):
        return mark, colour
    return f"{verdict.value.upper()} ", colour


def _services(settings: Settings) -> list[Check]:
    """Start what is embedded, so that it is tried and not guessed at."""
    try:
        with running(settings) as endpoints:
            found = check_services(settings, endpoints)
            if all(check.verdict is not CheckResult.FAIL for check in found):
                found.append(check_intake(endpoints.settings(settings)))
            return found
    except ReelworksError as error:
        return [Check("services", CheckResult.FAIL, str(error), "Fix that, then run doctor again.")]


def check_intake(settings: Settings) -> Check:
    """Check that somebody takes the jobs that wait."""
    from reelworks.domain.jobs.job import JobStatus
    from reelworks.store.db.database import create_database_engine, ensure_schema
    from reelworks.store.jobs.dispatchers import silence, why_jobs_wait
    from reelworks.store.jobs.jobs import count_jobs, is_paused

    engine = create_database_engine(settings)
    try:
        ensure_schema(engine)
        waiting = count_jobs(engine)[JobStatus.PENDING]
        paused, stuck = is_paused(engine), silence(engine)
    finally:
        engine.dispose()
    finding = f"{waiting} jobs wait"
    if waiting and paused:
        return Check("Jobs", CheckResult.WARN, f"{finding}, the intake is paused", RESUME)
    reason = why_jobs_wait(stuck)
    if stuck is not None and reason:  # one that was stopped on purpose leaves no heartbeat behind
        verdict = CheckResult.FAIL if waiting else CheckResult.WARN
        return Check("Jobs", verdict, f"{finding}. {reason.rstrip('.')}", RESTART)
    if waiting and reason:
        return Check("Jobs", CheckResult.WARN, f"{finding} and no dispatcher runs", START)
    return Check("Jobs", CheckResult.OK, finding)


RESUME = "Let them start with reelworks jobs resume."
RESTART = "Restart it: reelworks down, then reelworks up; or its container."
START = "Start it with reelworks up, or python -m reelworks.app.dispatcher."


def _models(settings: Settings) -> list[Check]:
    checks = []
    for capability in DEFAULT_MODELS:
        name = settings.model_for(capability)  # type: ignore[arg-type]  # the keys are the names
        if getattr(settings, f"{capability}_provider") is Provider.OPENAI:
            checks.append(check_hosted(settings, capability, name))
        else:
            checks.append(check_local(settings, capability, name))
    return checks


def check_local(settings: Settings, capability: str, name: str) -> Check:
    """Check that a local model's weights are here; they are fetched at first use otherwise."""
    from reelworks.models.runtime.catalog import catalog
    from reelworks.models.runtime.fetch import is_present

    title = f"{capability} model"
    if name not in catalog():
        return Check(title, CheckResult.OK, f"local/{name}, inside its package")
    if is_present(name, settings.models_dir):
        return Check(title, CheckResult.OK, f"local/{name}, in {settings.models_dir}")
    return Check(
        title,
        CheckResult.WARN,
        f"local/{name} is not here yet",
        "It is fetched at the first use, which needs the network once.",
    )


def check_hosted(settings: Settings, capability: str, name: str) -> Check:
    """Check that the provider answers and knows the model, and that it has no end announced."""
    from reelworks.providers.openai.client import HostedApi
    from reelworks.providers.openai.shutdowns import announced_shutdown

    title = f"{capability} model"
    setting = f"{capability.upper()}_MODEL"
    try:
        with HostedApi.from_settings(settings) as api:
            end = api.announced_shutdown(name, setting) or announced_shutdown(name)
    except ReelworksError as error:
        mend = f"Set {setting}, OPENAI_API_KEY or OPENAI_BASE_URL."
        return Check(title, CheckResult.FAIL, str(error), mend)
    if end is None:
        return Check(title, CheckResult.OK, f"openai/{name} answers")
    left = (end - date.today()).days
    finding = f"openai/{name} {'ends' if left > 0 else 'ended'} on {end.isoformat()}"
    return Check(title, CheckResult.WARN, finding, f"Choose another: set {setting}.")
