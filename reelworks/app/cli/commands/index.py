"""``reelworks index``: run the index flow in this process, or queue jobs for it."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any

import typer

from blocks.error_mapping import prefect_errors
from infra.fleet.plan import HEARTBEAT, RUN_TAG
from infra.services.supervision.state import Service
from reelworks.app.cli import output
from reelworks.app.cli.commands.folder_sources import expand
from reelworks.app.cli.crash_report import write_crash_report
from reelworks.app.cli.display.watch import Watch, stage_table, watch_stages
from reelworks.app.cli.environment import use_environment, use_services
from reelworks.app.cli.exit_codes import SOME_FAILED
from reelworks.app.cli.index_options import (
    Detach,
    Language,
    Library,
    Sources,
    TargetPool,
    Track,
    VideoId,
)
from reelworks.app.cli.submit import SourceOptions, submit
from reelworks.domain.jobs.report import StageReport
from reelworks.domain.printable import one_line
from reelworks.errors import (
    ReelworksError,
    StageTimeoutError,
)
from reelworks.settings import load_settings, names_given

PREFECT_RETRIES = "2"
"""Ten seconds for each call: three tries to connect, of 1.5 s each, and waits of 2 and 4 s."""
PREFECT_DEFAULTS = {
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
    "PREFECT_CLIENT_MAX_RETRIES": PREFECT_RETRIES,
}
"""For runs in this process, unless the environment has other values."""


@dataclass(frozen=True, slots=True)
class SourceResult:
    """The result of one source."""

    source: str
    video_id: str | None
    seconds: float
    stages: list[StageReport]
    error: ReelworksError | None = None


def index(  # noqa: PLR0913, PLR0917 - each argument is an option that people type
    sources: Sources,
    video_id: VideoId = None,
    language: Language = None,
    library: Library = None,
    audio_track: Track = None,
    detach: Detach = False,
    pool: TargetPool = None,
    json: output.Json = False,
) -> int:
    """Index videos: make them searchable by speech, frames and text on screen."""
    settings = load_settings()
    found = [item for source in sources for item in expand(source)]
    if video_id and len(found) != 1:
        raise typer.BadParameter(f"--id names one video, but {len(found)} sources were given")
    options = SourceOptions(video_id, language, library, audio_track)
    if detach or pool:
        return submit(settings, found, options, pool, json=json)
    parts = (Service.POSTGRES, Service.STORE, Service.PREFECT)
    run_environment = flow_environment(os.environ, names_given())
    with use_services(settings, parts), use_environment(run_environment):
        results = [_index_one(item, options, quiet=json) for item in found]
    if json:
        output.print_json([_as_json(result) for result in results])
    failed = [result.error for result in results if result.error]
    code = failed[0].exit_code if failed else 0
    return SOME_FAILED if failed and len(failed) < len(results) else code


def flow_environment(environment: Mapping[str, str], given: Iterable[str]) -> dict[str, str]:
    """Return the variables to add to ``environment`` for flow runs in this process.

    ``given`` are the names of the settings that the user has set. Private addresses may be fetched
    unless that is among them: the user of the command can reach them anyway (decision 16).
    """
    added = {name: value for name, value in PREFECT_DEFAULTS.items() if name not in environment}
    if "fetch_private_addresses" not in given:
        added["FETCH_PRIVATE_ADDRESSES"] = "true"
    return added | HEARTBEAT


def _index_one(source: str, options: SourceOptions, *, quiet: bool) -> SourceResult:
    started = time.monotonic()
    indexed: str | None = None
    error: ReelworksError | None = None
    with watch_stages(quiet=quiet) as watch:
        try:
            indexed = _run(_run_flow(source, options, watch))
        except ReelworksError as raised:
            error = raised
        except Exception as raised:  # noqa: BLE001  # an error of one source must not stop the others
            error = write_crash_report(raised)
        finally:
            deliver_to_prefect()
    result = SourceResult(source, indexed, time.monotonic() - started, watch.reports, error)
    if not quiet:
        _print_result(result)
    return result


def _run(run: Coroutine[Any, Any, str]) -> str:
    from prefect.exceptions import TerminationSignal  # Prefect reads its environment at import

    logging.raiseExceptions = False  # a lost log line is no news for the terminal

    try:
        return asyncio.run(run)
    except TerminationSignal:  # Prefect's exception for SIGTERM while a flow runs
        raise KeyboardInterrupt from None


async def _run_flow(source: str, options: SourceOptions, watch: Watch) -> str:
    from prefect import tags

    from flows.index import IndexParams
    from flows.index import index as flow
    from tasks.runtime.current_run import use_observer
    from tasks.runtime.secret_sources import parameter_of, use_full_source

    shown = one_line(source)
    params = IndexParams.model_validate({"source": parameter_of(source), **asdict(options)})
    with use_observer(watch), prefect_errors(), tags(RUN_TAG), use_full_source(source):
        try:
            indexed = await flow(params)
        except TimeoutError:
            raise StageTimeoutError(f"{shown}: a stage took longer than its limit.") from None
    assert isinstance(indexed, str)  # noqa: S101 - only a job's run can return a state
    return indexed


def deliver_to_prefect() -> None:
    """Send Prefect's last logs and task states to its server before that is stopped."""
    from tasks.runtime.prefect_outage import retries_disabled

    if retries_disabled():
        return
    from blocks.delivery import deliver

    deliver()


def _print_result(result: SourceResult) -> None:
    from reelworks.stages.source.ingest import without_secrets

    shown = without_secrets(result.source)
    if result.stages:
        output.out.print(stage_table(result.stages))
    for report in result.stages:
        for warning in report.warnings:
            output.note(f"{shown}: {warning}")
        if report.reason and report.reason.rstrip(".") not in str(result.error):
            output.note(f"{shown}: {report.stage} failed: {report.reason}")
    if result.error:
        output.print_error(_naming(result.source, result.error))
    else:
        output.echo(("Ready: ", "bold green"), f"{result.video_id} in {result.seconds:.1f} s")


def _naming(source: str, error: ReelworksError) -> ReelworksError:
    """Return an error whose message names the source, as those of services do not."""
    from reelworks.stages.source.ingest import without_secrets

    shown = without_secrets(source)
    is_named = PurePath(shown).name in str(error)
    return error if is_named else ReelworksError(f"{shown}: {error}")


def _as_json(result: SourceResult) -> dict[str, Any]:
    from reelworks.stages.source.ingest import without_secrets

    return {
        "source": without_secrets(result.source),
        "video_id": result.video_id,
        "status": "failed" if result.error else "ready",
        "seconds": round(result.seconds, 3),
        "stages": result.stages,
        "error": output.error_json(result.error) if result.error else None,
    }
