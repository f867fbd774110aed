"""Search: the second where something was said, shown or written on screen."""

from __future__ import annotations

from typing import Annotated

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
from reelworks.domain.library.search import SearchAnswer
from reelworks.errors import InputError
from reelworks.media.formats.edl import to_edl
from reelworks.operations.search import find
from reelworks.store.search.search import search_on
from reelworks.store.search.similar_frames import similar_frames

router = APIRouter(tags=["search"], dependencies=[require_scope(Scope.READ)])


@router.get("/search")
def search(asked: Annotated[SearchQuery, Query()], api: Context, caller: CurrentCaller) -> Found:
    """Find moments by words and meaning; give `q`, or the `cursor` of a page before."""
    answer, note = _answer(api, asked)
    return Found.of(answer, note and visible_text(note, caller))


@router.get("/search/cuts.edl", response_class=PlainTextResponse)
def cuts_edl(
    asked: Annotated[CutQuery, Query()], api: Context, caller: CurrentCaller
) -> PlainTextResponse:
    """Give what a search finds as a cut list for editing programs (CMX 3600)."""
    headers = {"Content-Disposition": 'attachment; filename="cuts.edl"'}
    text = to_edl(_cuts(api, caller, asked), asked.q or "search")
    return PlainTextResponse(text, headers=headers)


@router.get("/search/cuts.json")
def cuts_json(asked: Annotated[CutQuery, Query()], api: Context, caller: CurrentCaller) -> CutList:
    """Give what a search finds as a list of cuts."""
    cuts = [CutOut.of(cut) for cut in _cuts(api, caller, asked)]
    return CutList(title=asked.q or "search", cuts=cuts)


@router.get("/frames/{frame_id}/similar")
def similar(
    frame_id: FramePath,
    asked: Annotated[SimilarQuery, Query()],
    api: Context,
) -> Similar:
    """Find frames that look like a frame."""
    found = similar_frames(
        api.engine, frame_id, asked.filters(), limit=asked.limit, farthest=asked.farthest
    )
    return Similar(frames=[SimilarOut.of(one) for one in found])


def _answer(api: Api, asked: SearchQuery) -> tuple[SearchAnswer, str | None]:
    if (asked.q is None) == (asked.cursor is None):
        raise InputError("Give q, or the cursor of an earlier page.")
    if asked.cursor is not None:
        return search_on(api.engine, asked.cursor, asked.limit), None
    return find(api.engine, api.settings, asked.request())


def _cuts(api: Api, caller: Caller, asked: CutQuery) -> list[Cut]:
    answer, _ = _answer(api, asked)
    return visible_cuts(cuts_of(answer.moments, handles=asked.handles), caller)
