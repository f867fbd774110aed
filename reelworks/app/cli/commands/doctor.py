"""``reelworks doctor``: a check of every part, each failure with how to fix it."""

from __future__ import annotations

from datetime import date

from infra.services.checks import Check, CheckResult, check_machine, check_services
from infra.services.supervision.supervisor import running
from reelworks.app.cli import output
from reelworks.app.cli.environment import open_database
from reelworks.app.cli.exit_codes import CHECK_FAILED
from reelworks.errors import ReelworksError
from reelworks.settings import DEFAULT_MODELS, Provider, Settings, load_settings

_MARKS = {
    CheckResult.OK: ("✓ ", "green"),
    CheckResult.WARN: ("! ", "yellow"),
    CheckResult.FAIL: ("✗ ", "red"),
}
RESUME = "Resume them with reelworks jobs resume."
RESTART = "Restart it: reelworks down, then reelworks up; or restart its container."
START = "Start one with reelworks up, or python -m reelworks.app.dispatcher."


def doctor(json: output.Json = False) -> int:
    """Check every part, and show how to fix what is broken."""
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
    return CHECK_FAILED if failed else 0


def _mark(verdict: CheckResult) -> tuple[str, str]:
    mark, colour = _MARKS[verdict]
    if output.out.encoding.startswith("utf"):
        return mark, colour
    return f"{verdict.value.upper()} ", colour


def _services(settings: Settings) -> list[Check]:
    """Check the services; embedded ones are started for it."""
    try:
        with running(settings) as endpoints:
            found = check_services(settings, endpoints)
            if all(check.verdict is not CheckResult.FAIL for check in found):
                found.append(check_dispatcher(endpoints.settings(settings)))
            return found
    except ReelworksError as error:
        return [Check("services", CheckResult.FAIL, str(error), "Fix that, then run doctor again.")]


def check_dispatcher(settings: Settings) -> Check:
    """Check that a dispatcher starts the queued jobs."""
    from reelworks.domain.jobs.job import JobStatus
    from reelworks.store.jobs.dispatchers import is_paused, silence
    from reelworks.store.jobs.jobs import count_jobs

    with open_database(settings) as engine:
        waiting = count_jobs(engine)[JobStatus.QUEUED]
        paused, silent = is_paused(engine), silence(engine)
    return check_jobs(waiting, silent, paused=paused)


def check_jobs(waiting: int, silent: float | None, *, paused: bool) -> Check:
    """Return the finding on queued jobs.

    ``silent`` is how many seconds the last heartbeat of a dispatcher is old; None: there is none,
    as after a dispatcher that was stopped on purpose.
    """
    from reelworks.store.jobs.dispatchers import why_jobs_wait

    finding = f"{output.plural(waiting, 'job')} queued"
    if waiting and paused:
        return Check("Jobs", CheckResult.WARN, f"{finding}, the dispatcher is paused", RESUME)
    reason = why_jobs_wait(silent)
    if silent is not None and reason:
        verdict = CheckResult.FAIL if waiting else CheckResult.WARN
        return Check("Jobs", verdict, f"{finding}. {reason.rstrip('.')}", RESTART)
    if waiting and reason:
        return Check("Jobs", CheckResult.WARN, f"{finding} and no dispatcher is running", START)
    return Check("Jobs", CheckResult.OK, finding)


def _models(settings: Settings) -> list[Check]:
    checks = []
    for capability in DEFAULT_MODELS:
        name = settings.model_for(capability)  # the keys are the names
        if settings.provider_of(capability) is Provider.OPENAI:
            checks.append(check_hosted(settings, capability, name))
        else:
            checks.append(check_local(settings, capability, name))
    return checks


def check_local(settings: Settings, capability: str, name: str) -> Check:
    """Check that a local model's weights were downloaded; if not, its first use does it."""
    from reelworks.models.runtime.catalog import catalog
    from reelworks.models.runtime.fetch import is_present

    title = f"{capability} model"
    if name not in catalog():
        return Check(title, CheckResult.OK, f"local/{name}, part of its package")
    if is_present(name, settings.models_dir):
        return Check(title, CheckResult.OK, f"local/{name}, in {settings.models_dir}")
    return Check(
        title,
        CheckResult.WARN,
        f"local/{name} is not downloaded yet",
        "Its first use downloads it, which needs the network once.",
    )


def check_hosted(settings: Settings, capability: str, name: str) -> Check:
    """Check that the provider answers, has the model, and has announced no shutdown of it."""
    from reelworks.providers.openai.client import HostedApi
    from reelworks.providers.openai.shutdowns import announced_shutdown

    title = f"{capability} model"
    setting = f"{capability.upper()}_MODEL"
    try:
        with HostedApi.from_settings(settings) as api:
            end = api.announced_shutdown(name, setting) or announced_shutdown(name)
    except ReelworksError as error:
        hint = f"Check {setting}, OPENAI_API_KEY and OPENAI_BASE_URL."
        return Check(title, CheckResult.FAIL, str(error), hint)
    if end is None:
        return Check(title, CheckResult.OK, f"openai/{name} answers")
    left = (end - date.today()).days
    finding = f"openai/{name} {'shuts' if left > 0 else 'shut'} down on {end.isoformat()}"
    return Check(title, CheckResult.WARN, finding, f"Choose another model: set {setting}.")
