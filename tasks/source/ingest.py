"""Ingest: claim the video, bring its source into the store, say what it is."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from prefect import task
from prefect.client.schemas.objects import State

from reelworks.domain.file_fingerprint import unchanged
from reelworks.domain.jobs.progress import Progress
from reelworks.domain.library.library import DEFAULT_LIBRARY, VideoStatus
from reelworks.domain.video.video import Probe
from reelworks.pipeline.cache_keys import probe_question
from reelworks.pipeline.stage_cache import StageOutput, StageResult, get_or_compute
from reelworks.stages.source.ingest import LocalSource, localize
from reelworks.stages.source.limits import Limits, check_limits, limits_of, probe_within
from reelworks.store.library.publish import ClaimedVideo, claim_video, publish_probe, set_status
from reelworks.store.library.upload_keys import storing_upload, upload_key
from reelworks.store.library.video_metadata import write_metadata
from reelworks.store.objects.artifacts import Artifact
from tasks.runtime.current_run import current_run
from tasks.runtime.stage_runner import reason_of, run_stage, stage_task

log = logging.getLogger("video_worker")


@dataclass(frozen=True, slots=True)
class Ingested:
    """A source in the store."""

    video_id: str
    sha256: str
    upload: Artifact
    probe: Probe
    library: str = DEFAULT_LIBRARY
    language: str | None = None
    """As somebody stated it; None: to be detected."""


@task(**stage_task("ingest", runs_on="cpu", minutes=240))
async def ingest(
    source: str,
    video_id: str | None,
    library: str | None = None,
    language: str | None = None,
) -> State[StageResult[Ingested]]:
    """Fetch, digest, probe and upload the source; the video's row says ``processing``."""
    ctx = current_run().ctx
    limits = limits_of(ctx.settings)

    def work(progress: Progress) -> StageResult[Ingested]:
        local = localize(source, video_id, ctx.new_work_dir("ingest"), ctx.store, progress, limits)
        claimed = claim_video(
            ctx.engine,
            local.video_id,
            original_path=local.original,
            library=library,
            language=language,
            bucket=ctx.store.bucket,
        )
        log.info("CLAIMED %s from %s", local.video_id, local.original)
        try:
            kept = _keep(local, claimed, progress)
            progress(1, 1)  # a run that was stopped meanwhile ends here, while the id is known
        except Exception as error:
            reason = ctx.readable(reason_of(error))
            set_status(ctx.engine, local.video_id, VideoStatus.FAILED, error=reason)
            log.error("FAILED %s: %s", local.video_id, reason)
            raise
        return kept

    def _keep(
        local: LocalSource, claimed: ClaimedVideo, progress: Progress
    ) -> StageResult[Ingested]:
        ctx.register_local_file(local.path, local.sha256, local.stamp)
        key = upload_key(local.video_id, local.name)
        question = probe_question(local.sha256, key, local.video_id)

        def go_on() -> None:
            progress(0, 1)

        with storing_upload(ctx.engine, local.video_id, key, should_stop=go_on):
            known = get_or_compute(question, lambda _: _look(local, limits), ctx, go_on=go_on)
            check_limits(known.result, limits, local.name)  # they may be lower than once
            upload = known.artifacts["source"]
            publish_probe(
                ctx.engine,
                local.video_id,
                known.result,
                upload_path=upload.key,
                sha256=local.sha256,
            )
        write_metadata(ctx.engine, ctx.store, local.video_id)
        ingested = Ingested(
            local.video_id,
            local.sha256,
            upload,
            known.result,
            library=claimed.library,
            language=claimed.language,
        )
        return StageResult(ingested, known.artifacts, known.digest, known.model, known.cached)

    return await run_stage("ingest", work, count=lambda _: 1, unit="file")


def _look(local: LocalSource, limits: Limits) -> StageOutput[Probe]:
    with unchanged(local.path, local.stamp):
        found = probe_within(local.path, limits, local.name)
    return StageOutput(found, {"source": local.path}, {"source": local.sha256})
