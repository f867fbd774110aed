"""``reelworks search``: where something was said, shown or written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from infra.services.state import Part
from infra.services.supervisor import running
from reelworks.app.cli import output
from reelworks.domain.capabilities import Embedder
from reelworks.domain.search import Kind, Reason, SearchHit, SearchRequest
from reelworks.errors import (
    ArtifactMissingError,
    ModelUnavailableError,
    ProviderError,
    ServiceError,
)
from reelworks.settings import Provider, Settings, load_settings
from reelworks.store.artifacts import ArtifactStore

Embed = Callable[[str], list[float]]

_WHERE = {Kind.SPEECH: "said", Kind.PICTURE: "shown", Kind.TEXT: "on screen"}
_WHY = {
    Reason.WORDS: "the words match",
    Reason.MEANING: "the meaning is close",
    Reason.SIMILAR_SPELLING: "the spelling is close",
}


def search(
    query: Annotated[str, typer.Argument(help='Words, "a phrase", or, -unwanted.')],
    within: Annotated[
        list[Kind] | None, typer.Option("--in", help="Search in these only.", show_default="all")
    ] = None,
    video: Annotated[str | None, typer.Option(help="Search in this video only.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="Most hits to show.")] = 10,
    json: output.Json = False,
) -> None:
    """Find the second where something was said, shown or written on screen."""
    settings = load_settings()
    request = SearchRequest(query, frozenset(within or Kind), video, limit)
    with running(settings, (Part.POSTGRES, Part.STORE)) as endpoints:
        os.environ.update(endpoints.environment())
        settings = load_settings()
        hits, note = _find(settings, request)
        notes = [note] if note else []
        frames: dict[str, Path] = {}
        try:
            frames = _fetch_frames(settings, hits)
        except ServiceError as error:
            notes.append(f"The frames cannot be shown: {error}")
    for text in notes:
        output.note(text)
    if json:
        output.print_json([_as_json(hit, frames) for hit in hits])
        return
    for number, hit in enumerate(hits, 1):
        _print_hit(number, hit, frames)
    if not hits:
        output.say(f"Nothing found for {query!r}.")


def _find(settings: Settings, request: SearchRequest) -> tuple[list[SearchHit], str | None]:
    from reelworks.store.database import create_database_engine, ensure_schema
    from reelworks.store.search import search as search_library

    engine = create_database_engine(settings)
    try:
        ensure_schema(engine)
        try:
            return search_library(engine, request, embedders(settings)), None
        except (ProviderError, ModelUnavailableError) as error:
            note = f"Searched by words only, since the query could not be embedded: {error}"
            return search_library(engine, request, {}), note
    finally:
        engine.dispose()


def embedders(settings: Settings) -> dict[str, Embed]:
    """Return how to embed a query, by model: the configured one, and the local one if it is here.

    Rows of an earlier model stay findable while a library is moved to another.
    """
    from reelworks.models.fetch import is_present
    from reelworks.settings import DEFAULT_MODELS
    from reelworks.stages.capabilities import make_embedder

    made = [make_embedder(settings)]
    local = DEFAULT_MODELS["embed"][Provider.LOCAL]
    if settings.embed_provider is not Provider.LOCAL and is_present(local, settings.models_dir):
        at_home = {"embed_provider": Provider.LOCAL, "embed_model": None}
        made.append(make_embedder(settings.model_copy(update=at_home)))
    return {str(embedder.model): _embed_with(embedder) for embedder in made}


def _embed_with(embedder: Embedder) -> Embed:
    return lambda text: embedder.embed([text])[0]


def _fetch_frames(settings: Settings, hits: list[SearchHit]) -> dict[str, Path]:
    """Bring the hits' frames to this machine, so that a person can open them."""
    store = ArtifactStore.open(settings)
    found = {}
    for key in {hit.frame_path for hit in hits if hit.frame_path}:
        artifact = store.head(key)
        if artifact is None:
            continue
        target = settings.data_dir / f"{key.removesuffix('.jpg')}-{artifact.sha256[:8]}.jpg"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                store.fetch(artifact, target)
            except ArtifactMissingError:
                continue
        found[key] = target
    return found


def _print_hit(number: int, hit: SearchHit, frames: dict[str, Path]) -> None:
    times = f"{output.clock(hit.t_start)} - {output.clock(hit.t_end)}"
    excerpt = output.line(f"   {hit.excerpt.text}")
    for span in hit.excerpt.matches:
        excerpt.stylize("bold yellow", span.start + 3, span.end + 3)
    reasons = ", ".join(f"{_WHY[placing.reason]} (place {placing.rank})" for placing in hit.reasons)
    output.say(f"{number}. ", (hit.video_id, "bold"), f"  {times}  ", (_WHERE[hit.kind], "cyan"))
    output.out.print(excerpt, soft_wrap=True)
    output.say(f"   why: {reasons}")
    if hit.frame_path:
        frame = frames.get(hit.frame_path)
        shown = str(frame) if frame else f"{hit.frame_path} (missing; index the video again)"
        output.say(f"   frame: {shown}")


def _as_json(hit: SearchHit, frames: dict[str, Path]) -> dict[str, object]:
    return {
        "video_id": hit.video_id,
        "title": hit.title,
        "kind": hit.kind,
        "t_start": hit.t_start,
        "t_end": hit.t_end,
        "excerpt": hit.excerpt,
        "reasons": hit.reasons,
        "score": hit.score,
        "frame_id": hit.frame_id,
        "frame_key": hit.frame_path,
        "frame_file": frames.get(hit.frame_path) if hit.frame_path else None,
        "model": hit.model,
    }
