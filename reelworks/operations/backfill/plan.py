"""Plan of a backfill: the videos selected, their cached stages, and the cost of the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from reelworks.domain.jobs.backfill import Limits
from reelworks.domain.jobs.backfill_plan import Plan, PlanLine
from reelworks.domain.library.library import DEFAULT_LIBRARY
from reelworks.domain.library.selection import SelectionKind, VideoSelection
from reelworks.operations.backfill.cache_status import CacheStatus, cache_status
from reelworks.operations.backfill.candidates import (
    Candidate,
    candidate_of_video,
    candidates_of_files,
    matches,
    validate_selection,
)
from reelworks.operations.backfill.estimate import (
    FRAMES_PER_HOUR,
    SEGMENTS_PER_HOUR,
    TOKENS_PER_FRAME,
    Rates,
    Terms,
    plan_of,
    usage_of,
    work_of,
)
from reelworks.operations.backfill.known_content import by_content, joining_notes
from reelworks.operations.backfill.scan_notes import scan_notes
from reelworks.operations.backfill.scanned_files import Scan, as_seen
from reelworks.operations.backfill.source_listing import root_of
from reelworks.operations.backfill.source_scan import scan_source
from reelworks.pipeline.planned_calls import ConfiguredModels, VideoSource
from reelworks.pipeline.run_context import RunContext
from reelworks.pipeline.spec import Stage, dependants_of
from reelworks.providers.billing.prices import LOCAL, Prices
from reelworks.settings import Settings
from reelworks.store.library.source_entries import remember_sources, sources_of
from reelworks.store.library.work_history import (
    History,
    read_history,
    video_facts,
    with_outdated_models,
)

BYTES_PER_SECOND = 500_000.0
"""Assumed rate of a video whose header states no duration, with no other one to go by: 4 Mbit/s."""
_LOOKUP_THREADS = 8
"""Videos whose cached stages are looked up at once."""


def no_progress(done: int, total: int) -> None:
    """Report nothing."""
    del done, total


@dataclass(frozen=True)
class Planner:
    """Planner of backfills. Writes to the table ``sources`` only."""

    ctx: RunContext
    progress: Callable[[int, int], None] = no_progress
    """Called with the number of files scanned, and of all."""
    models: ConfiguredModels = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "models", ConfiguredModels.of(self.ctx.settings))

    def plan(
        self, selection: VideoSelection, limits: Limits, recompute: Sequence[str] = ()
    ) -> Plan:
        """Return what a backfill of ``selection`` would do within ``limits``.

        ``recompute`` names stages to compute although they are cached.

        Raises ``InputError`` for an invalid selection, what ``list_files`` raises, and store and
        database errors.
        """
        candidates, scan = self.candidates(selection)
        older = self._older(selection)
        statuses = self._statuses(candidates, selection)
        selected = [
            (one, status)
            for one, status in zip(candidates, statuses, strict=True)
            if matches(one, status, selection, older)
        ][: selection.limit]
        rates = rates_of(read_history(self.ctx.engine), self.models)
        lines = plan_lines(selected, rates, recompute)
        settings = self.ctx.settings
        prices = Prices.of_settings(settings.hosted.prices)
        at_once = runs_at_once(settings)
        return plan_of(
            lines,
            prices.cost,
            Terms(limits, at_once, settings.hosted.calls_per_minute),
            skipped=len(candidates) - len(selected),
            notes=(
                *notes_of(lines, candidates, min(at_once, limits.in_flight)),
                *(scan_notes(replace(scan, files=())) if scan else ()),  # a line has its file's
                *_joining(candidates, selection),
            ),
        )

    def candidates(self, selection: VideoSelection) -> tuple[list[Candidate], Scan | None]:
        """Return the videos of the selection's library or source, selected or not, and its scan."""
        validate_selection(selection)
        engine = self.ctx.engine
        if selection.source is None:
            return [candidate_of_video(one) for one in video_facts(engine, selection.of_rows)], None
        root, facts = root_of(selection.source), video_facts(engine)
        library = selection.library or DEFAULT_LIBRARY
        known = sources_of(engine, library)
        scan = scan_source(root, known, self.ctx.store, self.progress)
        by_id = {one.video_id: one for one in facts}
        content = by_content(facts, library)
        named = candidates_of_files(scan.files, known, by_id, content)
        # A changed file is remembered once its video is made of the new content: see sync.
        seen = [
            as_seen(one, root, candidate.video_id if candidate.facts else None)
            for one, candidate in zip(scan.files, named, strict=True)
            if not candidate.changed
        ]
        remember_sources(engine, library, seen)
        return list({one.video_id: one for one in reversed(named)}.values())[::-1], scan

    def _older(self, selection: VideoSelection) -> set[str]:
        if SelectionKind.OLDER_MODEL not in selection.only:
            return set()
        models = {name.value: model for name, model in self.models.by_capability.items()}
        return with_outdated_models(self.ctx.engine, models)

    def _statuses(
        self, candidates: Sequence[Candidate], selection: VideoSelection
    ) -> list[CacheStatus]:
        look_up = partial(_status_of, selection=selection, models=self.models, ctx=self.ctx)
        with ThreadPoolExecutor(_LOOKUP_THREADS, thread_name_prefix="plan") as threads:
            return list(threads.map(look_up, candidates))


def plan_lines(
    selected: Sequence[tuple[Candidate, CacheStatus]], rates: Rates, recompute: Sequence[str] = ()
) -> list[PlanLine]:
    """Return a plan's lines: of each video, what is cached and what the rest takes.

    A stage to ``recompute`` takes its dependants along: they are cached under the old result's
    digest, and the new result has most likely another.
    """
    outdated = {*recompute, *dependants_of(recompute)}
    measured = [(one.size, one.seconds) for one, _ in selected if one.seconds and one.size]
    bytes_of, seconds_of = (sum(column) for column in zip((0, 0.0), *measured, strict=True))
    rate = bytes_of / seconds_of if seconds_of else BYTES_PER_SECOND
    lines = []
    for one, status in selected:
        seconds = one.seconds if one.seconds is not None else one.size / rate
        cached = tuple(stage for stage in Stage if stage in status.stages - outdated)
        todo = tuple(stage for stage in Stage if stage not in status.stages - outdated)
        items = status.items or {}
        lines.append(
            PlanLine(
                source=one.source,
                video_id=one.video_id,
                size=one.size,
                seconds=seconds,
                guessed=one.seconds is None,
                cached=cached,
                todo=todo,
                work=work_of(todo, seconds, rates),
                usage=usage_of(todo, seconds, items, rates),
                note=one.note,
                stamp=one.stamp,
                sha256=one.sha256,
            )
        )
    return lines


def rates_of(history: History, models: ConfiguredModels) -> Rates:
    """Return the amounts per hour of video in this library, with defaults where it has no past."""
    by_stage = {stage: models.model_of(stage) for stage in Stage}
    hosted: dict[str, str] = {
        stage: f"{model.provider}/{model.name}"
        for stage, model in by_stage.items()
        if model is not None and not f"{model.provider}/".startswith(LOCAL)
    }
    hundred = history.per_call.get(hosted.get(Stage.VISION, ""))
    return Rates(
        stage_seconds=history.stage_seconds,
        frames_per_hour=history.frames_per_hour or FRAMES_PER_HOUR,
        segments_per_hour=history.segments_per_hour or SEGMENTS_PER_HOUR,
        per_frame=hundred.times(0.01) if hundred else TOKENS_PER_FRAME,
        hosted=hosted,
    )


def runs_at_once(settings: Settings) -> int:
    """Return how many runs this machine alone carries at once: each keeps two cores busy."""
    return min(settings.jobs.in_flight, max(1, (os.cpu_count() or 2) // 2))


def notes_of(
    lines: Sequence[PlanLine], candidates: Sequence[Candidate], at_once: int
) -> tuple[str, ...]:
    """Return what a reader of the plan should know."""
    guessed = sum(line.guessed for line in lines)
    unread = sum(one.sha256 is None and one.source is not None for one in candidates)
    notes = []
    if guessed:
        notes.append(f"The length of {_videos(guessed)} is estimated from the size.")
    if unread:
        notes.append(
            f"The content of {_videos(unread)} was not read, so cached stages are unknown."
        )
    if lines:
        notes.append(f"The time is for {at_once} run{'s' * (at_once > 1)} at once on this machine.")
    return tuple(notes)


def _joining(candidates: Sequence[Candidate], selection: VideoSelection) -> tuple[str, ...]:
    if selection.source is None:
        return ()
    known = [one.facts for one in candidates]
    return joining_notes(known, selection.library or DEFAULT_LIBRARY)


def _videos(count: int) -> str:
    return f"{count} video{'s' * (count != 1)}"


def _status_of(
    one: Candidate, *, selection: VideoSelection, models: ConfiguredModels, ctx: RunContext
) -> CacheStatus:
    if one.sha256 is None:
        return CacheStatus()
    library = one.facts.library if one.facts else selection.library
    stated = one.facts.stated_language if one.facts else None
    # Of the library's own videos the selection's language only narrows the choice.
    language = (selection.language if selection.source else None) or stated
    track = one.facts.stated_audio_track if one.facts else None
    source = VideoSource(one.video_id, one.sha256, language, library, track)
    return cache_status(source, models, ctx.store)
