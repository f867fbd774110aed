"""Search: the moments where something was said, shown or written on screen."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse

from reelworks.app.api.http.auth import CurrentCaller, require_scope
from reelworks.app.api.http.request_context import Api, Context
from reelworks.app.api.schemas.paths import FramePath
from reelworks.app.api.schemas.queries import CutQuery, SearchQuery, SimilarQuery
from reelworks.app.api.schemas.search import CutList, CutOut, Found, Similar, SimilarOut
from reelworks.app.api.schemas.visibility import visible_cuts, visible_text
from reelworks.domain.library.access import Caller, Scope
from reelworks.domain.library.cuts import Cut, cuts_of
from reelworks.media.formats.edl import to_edl
from reelworks.operations.search import find
from reelworks.store.search.similar_frames import similar_frames

router = APIRouter(tags=["search"], dependencies=[require_scope(Scope.READ)])
_EXPIRED: dict[int | str, dict[str, Any]] = {
    404: {"description": "No video has an id of the filter."},
    410: {"description": "The cursor has expired."},
}


@router.get("/search", operation_id="search", responses=_EXPIRED)
def search(query: Annotated[SearchQuery, Query()], api: Context, caller: CurrentCaller) -> Found:
    """Find moments by words and meaning; give `q`, or the `cursor` of the page before."""
    answer, note = find(api.engine, api.settings, query.request())
    return Found.of(answer, note and visible_text(note, caller))


@router.get(
    "/search/cuts.edl",
    operation_id="get_cuts_edl",
    responses=_EXPIRED,
    response_class=PlainTextResponse,
)
def cuts_edl(
    query: Annotated[CutQuery, Query()], api: Context, caller: CurrentCaller
) -> PlainTextResponse:
    """Return the moments of a search as a cut list for editing programs (CMX 3600)."""
    headers = {"Content-Disposition": 'attachment; filename="cuts.edl"'}
    text = to_edl(_cuts(api, caller, query), query.q or "search")
    return PlainTextResponse(text, headers=headers)


@router.get("/search/cuts.json", operation_id="get_cuts_json", responses=_EXPIRED)
def cuts_json(query: Annotated[CutQuery, Query()], api: Context, caller: CurrentCaller) -> CutList:
    """Return the moments of a search as a list of cuts."""
    cuts = [CutOut.of(cut) for cut in _cuts(api, caller, query)]
    return CutList(title=query.q or "search", cuts=cuts)


@router.get("/frames/{frame_id}/similar", operation_id="find_similar_frames")
def similar(
    frame_id: FramePath,
    query: Annotated[SimilarQuery, Query()],
    api: Context,
) -> Similar:
    """Find frames similar to a frame."""
    found = similar_frames(
        api.engine, frame_id, query.filters(), limit=query.limit, farthest=query.farthest
    )
    return Similar(frames=[SimilarOut.of(one) for one in found])


def _cuts(api: Api, caller: Caller, query: CutQuery) -> list[Cut]:
    answer, _ = find(api.engine, api.settings, query.request())
    return visible_cuts(cuts_of(answer.moments, handles=query.handles), caller)
