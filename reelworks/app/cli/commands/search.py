"""``reelworks search``: search by words, by meaning, or by a frame that looks alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

import typer

from infra.services.supervision.state import Service
from reelworks.app.cli import output
from reelworks.app.cli.cut_list import write_cut_lists
from reelworks.app.cli.environment import open_database, use_services
from reelworks.app.cli.search_options import (
    Cursor,
    CutsFile,
    EdlFile,
    Handles,
    Languages,
    Libraries,
    Like,
    Limit,
    Longer,
    Query,
    Shorter,
    Since,
    Speakers,
    TextOnScreen,
    Until,
    Videos,
    Within,
)
from reelworks.domain.library.search import (
    Filters,
    Kind,
    Moment,
    Reason,
    SearchAnswer,
    SearchHit,
    SearchRequest,
    SimilarFrame,
)
from reelworks.domain.private_folder import make_private
from reelworks.errors import ArtifactMissingError, ServiceError
from reelworks.operations.search import NextPage, find, moment_json
from reelworks.settings import Settings, load_settings
from reelworks.store.objects.artifacts import ArtifactStore

_WHERE = {Kind.SPEECH: "said", Kind.PICTURE: "shown", Kind.TEXT: "on screen", Kind.TITLE: "title"}
_WHY = {
    Reason.WORDS: "the words match",
    Reason.MEANING: "the meaning is close",
    Reason.SIMILAR_SPELLING: "the spelling is close",
}


def search(  # noqa: PLR0913, PLR0917 - each argument is an option that people type
    query: Query = None,
    within: Within = None,
    video: Videos = None,
    library: Libraries = None,
    language: Languages = None,
    speaker: Speakers = None,
    since: Since = None,
    until: Until = None,
    longer: Longer = None,
    shorter: Shorter = None,
    text_on_screen: TextOnScreen = None,
    like: Like = None,
    cursor: Cursor = None,
    limit: Limit = 10,
    edl: EdlFile = None,
    cuts_json: CutsFile = None,
    handles: Handles = 0.0,
    json: output.Json = False,
) -> None:
    """Find the moments when something was said, shown or written on screen."""
    _check_one(query, like, cursor)
    filters = Filters(
        video_ids=tuple(video or ()),
        libraries=tuple(library or ()),
        languages=tuple(language or ()),
        speakers=tuple(speaker or ()),
        created_from=since and since.replace(tzinfo=UTC),
        created_to=until and until.replace(tzinfo=UTC),
        min_seconds=longer,
        max_seconds=shorter,
        text_on_screen=text_on_screen,
    )
    with use_services(load_settings(), (Service.POSTGRES, Service.STORE)) as settings:
        if like is not None:
            _show_similar(settings, like, filters, limit, json)
            return
        request = SearchRequest(query or "", frozenset(within or Kind), filters, limit)
        answer, frames, notes = _answer(settings, request, cursor)
    write_cut_lists(answer.moments, query or "search", handles, edl=edl, as_json=cuts_json)
    _show(answer, frames, notes, json=json, query=query or "this search")


def _check_one(*given: str | None) -> None:
    if sum(one is not None for one in given) != 1:
        raise typer.BadParameter("give a query, or --like FRAME_ID, or --cursor CURSOR")


def _answer(
    settings: Settings, request: SearchRequest, cursor: str | None
) -> tuple[SearchAnswer, dict[str, Path], list[str]]:
    """Return what was found, its frames as local files, and what is to be noted."""
    page = request if cursor is None else NextPage(cursor, request.limit)
    with open_database(settings) as engine:
        answer, note = find(engine, settings, page)
    notes = [note] if note else []
    frames = _local_frames(settings, [one.frame_path for one in answer.moments], notes)
    return answer, frames, notes


def _show(
    answer: SearchAnswer, frames: dict[str, Path], notes: Sequence[str], *, json: bool, query: str
) -> None:
    for text in notes:
        output.note(text)
    if answer.did_you_mean is not None:
        output.note(f"Did you mean {answer.did_you_mean!r}?")
    if answer.cursor is not None:
        output.note(
            f"{len(answer.moments)} of {answer.total} moments; "
            f"more: reelworks search --cursor {answer.cursor}"
        )
    if json:
        output.print_json([_as_json(one, frames) for one in answer.moments])
        return
    for number, moment in enumerate(answer.moments, 1):
        _print_moment(number, moment, frames)
    if not answer.moments:
        output.echo(f"Nothing found for {query!r}.")


def _as_json(moment: Moment, frames: dict[str, Path]) -> dict[str, object]:
    file = frames.get(moment.frame_path) if moment.frame_path else None
    return {**moment_json(moment), "frame_file": file}


def _print_moment(number: int, moment: Moment, frames: dict[str, Path]) -> None:
    times = f"{output.clock(moment.t_start)} - {output.clock(moment.t_end)}"
    where = ", ".join(_WHERE[kind] for kind in moment.kinds)
    output.echo(f"{number}. ", (moment.video_id, "bold"), f"  {times}  ", (where, "cyan"))
    for hit in moment.hits:
        _print_hit(hit)
    reasons = ", ".join(f"{_WHY[one.reason]} (rank {one.rank})" for one in moment.reasons)
    output.echo(f"   why: {reasons}")
    if moment.frame_path:
        frame = frames.get(moment.frame_path)
        shown = str(frame) if frame else f"{moment.frame_path} (missing; index the video again)"
        output.echo(f"   frame: {shown}")


def _print_hit(hit: SearchHit) -> None:
    excerpt = output.line(f"   {hit.excerpt.text}")
    for span in hit.excerpt.matches:
        excerpt.stylize("bold yellow", span.start + 3, span.end + 3)
    output.out.print(excerpt, soft_wrap=True)


def _show_similar(
    settings: Settings, frame_id: str, filters: Filters, limit: int, json: bool
) -> None:
    from reelworks.store.search.similar_frames import similar_frames

    with open_database(settings) as engine:
        found = similar_frames(engine, frame_id, filters, limit=limit)
    notes: list[str] = []
    frames = _local_frames(settings, [one.frame_path for one in found], notes)
    for text in notes:
        output.note(text)
    if json:
        output.print_json(
            [{**_plain(one), "frame_file": frames.get(one.frame_path)} for one in found]
        )
        return
    for number, one in enumerate(found, 1):
        output.echo(f"{number}. ", (one.video_id, "bold"), f"  {output.clock(one.t)}  ",
                   f"{one.frame_id}, {one.distance} of 64 bits differ")  # fmt: skip
        output.echo(f"   frame: {frames.get(one.frame_path, one.frame_path)}")
    if not found:
        output.echo(f"No other frame looks like {frame_id}.")


def _plain(one: SimilarFrame) -> dict[str, object]:
    return {
        "frame_id": one.frame_id,
        "video_id": one.video_id,
        "title": one.title,
        "t": one.t,
        "t_start": one.t_start,
        "t_end": one.t_end,
        "frame_key": one.frame_path,
        "distance": one.distance,
    }


def _local_frames(
    settings: Settings, keys: Sequence[str | None], notes: list[str]
) -> dict[str, Path]:
    try:
        return _fetch_frames(settings, {key for key in keys if key})
    except ServiceError as error:
        notes.append(f"The frames could not be downloaded: {error}")
        return {}


def _fetch_frames(settings: Settings, keys: set[str]) -> dict[str, Path]:
    """Download frames, so that a person can open them; return their files by key."""
    store = ArtifactStore.open(settings)
    make_private(settings.data_dir / "frames")  # an earlier release made it open to others
    found = {}
    for key in keys:
        artifact = store.head(key)
        if artifact is None:
            continue
        target = settings.data_dir / f"{key.removesuffix('.jpg')}-{artifact.sha256[:8]}.jpg"
        if not target.exists():
            make_private(target.parent)
            try:
                store.fetch(artifact, target)
            except ArtifactMissingError:
                continue
        found[key] = target
    return found
