"""``reelworks index``: run the index flow here, or hand it to the services."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Annotated, Any

import typer

from blocks.error_mapping import prefect_errors
from infra.fleet.plan import HEARTBEAT, RUN_TAG
from infra.services.supervision.state import Service
from infra.services.supervision.supervisor import running
from reelworks.app.cli import output
from reelworks.app.cli.crash_report import write_crash_report
from reelworks.app.cli.submit import Submission, submit
from reelworks.app.cli.watch import Watch, stage_table, watching
from reelworks.domain.ids import is_video_id
from reelworks.domain.jobs.report import StageReport
from reelworks.domain.printable import one_line
from reelworks.domain.video.media_names import looks_like_media
from reelworks.errors import InputError, ReelworksError, StageTimeoutError
from reelworks.settings import load_settings, names_given

SOME_FAILED = 7
PREFECT_RETRIES = "2"
"""Ten seconds for each call: three tries to connect, of 1.5 s each, and waits of 2 and 4 s."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one source ended."""

    source: str
    video_id: str | None
    seconds: float
    stages: list[StageReport]
    error: ReelworksError | None = None


def _check_id(text: str | None) -> str | None:
    if text is not None and not is_video_id(text):
        raise typer.BadParameter("use a-z, 0-9, - and _, at most 63 characters")
    return text


def _check_language(text: str | None) -> str | None:
    if text is not None and not re.fullmatch("[a-z]{2,3}", text):
        raise typer.BadParameter("use a code of two letters, for example en")
    return text


def _check_library(text: str | None) -> str | None:
    if text is not None and not re.fullmatch("[a-z0-9_-]{1,63}", text):
        raise typer.BadParameter("use a-z, 0-9, - and _, at most 63 characters")
    return text


def index(
    sources: Annotated[
        list[str], typer.Argument(help="Files, folders, http(s) addresses or s3://bucket/key.")
    ],
    video_id: Annotated[
        str | None,
        typer.Option("--id", help="Name of the video in the library.", callback=_check_id),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            help="Spoken language, for example en. Default: detected.", callback=_check_language
        ),
    ] = None,
    library: Annotated[
        str | None,
        typer.Option(
            help="Group that the videos belong to. Default: where they are, or `default`.",
            callback=_check_library,
        ),
    ] = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Hand the work to the running services and return.")
    ] = False,
    pool: Annotated[
        str | None,
        typer.Option("--pool", help="Hand the work to the workers of this pool and return."),
    ] = None,
    json: output.Json = False,
) -> int:
    """Turn videos into searchable content."""
    settings = load_settings()
    found = [item for source in sources for item in expand(source)]
    if video_id and len(found) != 1:
        raise typer.BadParameter(f"--id names one video, but {len(found)} sources were given")
    asked = {"video_id": video_id, "language": language, "library": library}
    if detach or pool:
        return submit(settings, Submission(tuple(found), asked, pool), json=json)
    parts = (Service.POSTGRES, Service.STORE, Service.PREFECT)
    with running(settings, parts) as endpoints:
        os.environ.update(endpoints.environment())
        _let_fetch_anywhere()
        outcomes = [_index_one(item, asked, quiet=json) for item in found]
    if json:
        output.print_json([_as_json(outcome) for outcome in outcomes])
    failed = [outcome.error for outcome in outcomes if outcome.error]
    code = failed[0].exit_code if failed else 0
    return SOME_FAILED if failed and len(failed) < len(outcomes) else code


def expand(source: str) -> list[str]:
    """Return the sources that ``source`` stands for: a folder's media files, or itself.

    Raises ``InputError`` for a folder without any.
    """
    if not source or "://" in source:
        return [source]
    try:
        path = Path(source).expanduser()
        if not path.is_dir():
            return [source]
        named = (file for file in path.rglob("*") if looks_like_media(file.name))
        files = sorted(file for file in named if file.is_file())
    except (OSError, RuntimeError):  # the run of this source will say what is wrong with it
        return [source]
    if not files:
        raise InputError(f"The folder {one_line(source)} holds no video or sound files.")
    return [str(file) for file in files]


def _let_fetch_anywhere() -> None:
    """Let private addresses be fetched: who sits here can ask them anyway (decision 16)."""
    if "fetch_private_addresses" not in names_given():
        os.environ["FETCH_PRIVATE_ADDRESSES"] = "true"


def _index_one(source: str, asked: dict[str, str | None], *, quiet: bool) -> Outcome:
    started = time.monotonic()
    indexed: str | None = None
    error: ReelworksError | None = None
    with watching(quiet=quiet) as watch:
        try:
            indexed = _run_to_its_end(_run_flow(source, asked, watch))
        except ReelworksError as raised:
            error = raised
        except Exception as raised:  # noqa: BLE001  # one source's fault must not end the others
            error = write_crash_report(raised)
        finally:
            deliver_to_prefect()
    outcome = Outcome(source, indexed, time.monotonic() - started, watch.reports, error)
    if not quiet:
        _print_outcome(outcome)
    return outcome


def _run_to_its_end(run: Coroutine[Any, Any, str]) -> str:
    # Prefect reads its environment once, when it is imported.
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_LOGGING_INTERNAL_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", PREFECT_RETRIES)
    os.environ.update(HEARTBEAT)
    from prefect.exceptions import TerminationSignal

    logging.raiseExceptions = False  # a log line that gets lost is nothing for the terminal

    try:
        return asyncio.run(run)
    except TerminationSignal:  # what Prefect makes of SIGTERM while a flow runs
        raise KeyboardInterrupt from None


async def _run_flow(source: str, asked: dict[str, str | None], watch: Watch) -> str:
    from prefect import tags

    from flows.index import IndexParams
    from flows.index import index as flow
    from tasks.runtime.current_run import use_observer
    from tasks.runtime.secret_sources import parameter_of, whole_source

    shown = one_line(source)
    try:
        source.encode()
    except UnicodeEncodeError:
        raise InputError(f"The name {shown} is not UTF-8; rename the file.") from None
    params = IndexParams.model_validate({"source": parameter_of(source), **asked})
    with use_observer(watch), prefect_errors(), tags(RUN_TAG), whole_source(source):
        try:
            indexed = await flow(params)
        except TimeoutError:
            raise StageTimeoutError(f"{shown}: a stage took longer than its limit.") from None
    assert isinstance(indexed, str)  # noqa: S101 - only a job's run can end as a state
    return indexed


def deliver_to_prefect() -> None:
    """Hand Prefect's last logs and task states to its server, which may stop after us."""
    from tasks.runtime.prefect_outage import was_given_up

    if was_given_up():
        return
    from blocks.delivery import deliver

    deliver()


def _print_outcome(outcome: Outcome) -> None:
    if outcome.stages:
        output.out.print(stage_table(outcome.stages))
    for report in outcome.stages:
        for warning in report.warnings:
            output.note(f"{outcome.source}: {warning}")
        if report.reason and report.reason.rstrip(".") not in str(outcome.error):
            output.note(f"{outcome.source}: {report.stage} failed: {report.reason}")
    if outcome.error:
        output.print_error(_naming(outcome.source, outcome.error))
    else:
        output.echo(("Ready: ", "bold green"), f"{outcome.video_id} in {outcome.seconds:.1f} s")


def _naming(source: str, error: ReelworksError) -> ReelworksError:
    """Say which source an error is about, where its own sentence does not (a service's)."""
    from reelworks.stages.source.ingest import without_secrets

    shown = without_secrets(source)
    told = PurePath(shown).name in str(error)
    return error if told else ReelworksError(f"{shown}: {error}")


def _as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "source": outcome.source,
        "video_id": outcome.video_id,
        "status": "failed" if outcome.error else "ready",
        "seconds": round(outcome.seconds, 3),
        "stages": outcome.stages,
        "error": output.error_json(outcome.error) if outcome.error else None,
    }
