"""Ingest: claim the video, bring its source into the store, probe it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from prefect import task
from prefect.client.schemas.objects import State

from reelworks.domain.artifact_keys import upload_key
from reelworks.domain.file_fingerprint import unchanged
from reelworks.domain.library.library import DEFAULT_LIBRARY, VideoStatus
from reelworks.domain.video.video import Probe
from reelworks.pipeline.cache_keys import audio_choice_call, probe_call
from reelworks.pipeline.run_context import RunContext
from reelworks.pipeline.spec import Stage
from reelworks.pipeline.stage_cache import StageOutput, StageResult, get_or_compute
from reelworks.stages.source.choose_audio import check_audio_track, choose_audio
from reelworks.stages.source.ingest import LocalSource, localize
from reelworks.stages.source.limits import SourceLimits, check_limits, probe_within, source_limits
from reelworks.stages.source.normalize import NormalizeParams
from reelworks.stages.source.revised_sources import audio_params, video_params
from reelworks.store.library.publish import publish_probe
from reelworks.store.library.upload_keys import storing_upload
from reelworks.store.library.video_metadata import write_metadata
from reelworks.store.library.video_status import ClaimedVideo, claim_video, set_status
from reelworks.store.library.video_writes import AddedVideo, NewVideo, add_video
from reelworks.store.objects.artifacts import Artifact
from tasks.runtime.run_endings import reason_of
from tasks.runtime.stage_runner import Summary, run_stage
from tasks.runtime.stage_task import stage_task
from tasks.runtime.stage_thread import StageAttempt

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
    """As a caller stated it; None: to be detected."""
    audio_choice: Mapping[str, Any] = field(default_factory=dict)
    """What decides which track and channels are heard: a part of cache keys."""
    revised: Mapping[str, Any] = field(default_factory=dict)
    """The same for the video."""
    notes: tuple[str, ...] = ()
    """What became of the source, where the library had its content already."""


_SUMMARY: Summary[Ingested] = Summary(
    count=lambda _: 1, unit="file", warnings=lambda ingested: ingested.notes
)


@task(**stage_task(Stage.INGEST))
async def ingest(
    source: str,
    video_id: str | None,
    library: str | None = None,
    language: str | None = None,
    audio_track: int | None = None,
) -> State[StageResult[Ingested]]:
    """Fetch, digest, probe and upload the source; the video's row says ``processing``."""

    def work(attempt: StageAttempt) -> StageResult[Ingested]:
        ctx, limits = attempt.ctx, source_limits(attempt.ctx.settings)
        folder = ctx.new_work_dir(Stage.INGEST)
        local = localize(source, video_id, folder, ctx.store, attempt.progress, limits)
        added = add_source(ctx, local, library, is_id_stated=video_id is not None)
        local = replace(local, video_id=added.id)
        claimed = claim_video(
            ctx.engine,
            local.video_id,
            original_path=local.original,
            library=library,
            language=language,
            audio_track=audio_track,
        )
        log.info("CLAIMED %s from %s", local.video_id, local.original)
        with _failed_status(ctx, local.video_id):
            ingested = _store_source(local, claimed, limits, attempt, added.notes)
            attempt.progress(1, 1)  # a run that was cancelled ends here, while the id is known
        return ingested

    return await run_stage(Stage.INGEST.value, work, _SUMMARY)


def add_source(
    ctx: RunContext, local: LocalSource, library: str | None, *, is_id_stated: bool
) -> AddedVideo:
    """Find the video that a source is, or add it; a stated id may get a new source."""
    new = NewVideo(
        id=local.video_id,
        original_path=local.original,
        title=PurePosixPath(local.original.partition("?")[0]).stem,
        library=library,
        sha256=local.sha256,
        is_id_stated=is_id_stated,
    )
    return add_video(ctx.engine, new, replace_source=True)


@contextmanager
def _failed_status(ctx: RunContext, video_id: str) -> Iterator[None]:
    """Give a video the status ``failed``, with the reason, when the body fails."""
    try:
        yield
    except Exception as error:
        reason = ctx.readable(reason_of(error))
        set_status(ctx.engine, video_id, VideoStatus.FAILED, error=reason)
        log.error("FAILED %s: %s", video_id, reason)
        raise


def _store_source(
    local: LocalSource,
    claimed: ClaimedVideo,
    limits: SourceLimits,
    attempt: StageAttempt,
    notes: tuple[str, ...],
) -> StageResult[Ingested]:
    ctx, check_cancelled = attempt.ctx, attempt.check_cancelled
    ctx.register_local_file(local.path, local.sha256, local.stamp)
    key = _upload_key(local, claimed, ctx.store.bucket)
    call = probe_call(local.sha256, key, local.video_id)
    with storing_upload(ctx.engine, local.video_id, key, should_stop=check_cancelled):
        probed = get_or_compute(
            call, lambda _: _probe(local, limits), ctx, check_cancelled=check_cancelled
        )
        check_limits(probed.result, limits, local.name)  # they may be lower than at first
        upload, track = probed.artifacts["source"], claimed.audio_track
        found = _with_chosen_audio(local, probed.result, track, key, attempt)
        publish_probe(
            ctx.engine, local.video_id, found, upload_path=upload.key, sha256=local.sha256
        )
    write_metadata(ctx.engine, ctx.store, local.video_id)
    encoder = NormalizeParams(encoder=ctx.settings.video.encoder)
    ingested = Ingested(
        local.video_id,
        local.sha256,
        upload,
        found,
        library=claimed.library,
        language=claimed.language,
        audio_choice=audio_params(probed.result, track),
        revised=video_params(probed.result, encoder, track),
        notes=notes,
    )
    return StageResult(ingested, probed.artifacts, probed.digest, probed.model, probed.cached)


def _upload_key(local: LocalSource, claimed: ClaimedVideo, bucket: str) -> str:
    """Return where to store a source: never over other bytes that the user put into the store."""
    if claimed.upload_path is not None and claimed.sha256 == local.sha256:
        return claimed.upload_path
    key = upload_key(local.video_id, local.name)
    if local.original == f"s3://{bucket}/{key}" or not claimed.given & {
        key,
        f"s3://{bucket}/{key}",
    }:
        return key
    name = PurePosixPath(local.name)
    return upload_key(local.video_id, f"{name.stem}-{local.sha256[:8]}{name.suffix}")


def _probe(local: LocalSource, limits: SourceLimits) -> StageOutput[Probe]:
    with unchanged(local.path, local.stamp):
        found = probe_within(local.path, limits, local.name)
    return StageOutput(found, {"source": local.path}, {"source": local.sha256})


def _with_chosen_audio(
    local: LocalSource, found: Probe, track: int | None, key: str, attempt: StageAttempt
) -> Probe:
    """Return the probe with the track and channels that are heard, where there is a choice."""
    choice = audio_params(found, track)
    if not choice:
        if track is not None:
            check_audio_track(found, track, local.name)
        return found

    def compute(folder: Path) -> StageOutput[Probe]:
        with unchanged(local.path, local.stamp):
            chosen = choose_audio(local.path, found, track, folder, attempt.progress)
        return StageOutput(chosen)

    call = audio_choice_call(local.sha256, key, choice, local.video_id)
    check_cancelled = attempt.check_cancelled
    return get_or_compute(call, compute, attempt.ctx, check_cancelled=check_cancelled).result
