"""``/search``: the moments where something was said, shown or written."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from reelworks.app.api.http.auth import require_scope
from reelworks.app.api.http.request_context import Context
from reelworks.app.api.schemas.queries import SearchQuery
from reelworks.app.api.schemas.visibility import visible_text
from reelworks.app.web.page_route import page_router, parse_form
from reelworks.app.web.rendering import page
from reelworks.domain.library.access import Scope
from reelworks.errors import InputError
from reelworks.operations.search import NextPage, find
from reelworks.store.library import listing_queries

router = page_router()
ON_A_PAGE = 12
CUTS = 100
"""Moments in a cut list."""
LENGTHS = {
    "0-60": "up to 1 minute",
    "60-600": "1 to 10 minutes",
    "600-3600": "10 minutes to 1 hour",
    "3600-": "1 hour and more",
}


@router.get("/search", dependencies=[require_scope(Scope.READ)])
def search(request: Request, api: Context) -> Response:
    """Show the moments of a search; without words, the form alone."""
    pairs = request.query_params.multi_items()
    query = parse_form(SearchQuery, [*pairs, *_bounds(dict(pairs))])
    answer, note, wrong = None, None, None
    try:
        if query.cursor is not None:
            answer, note = find(api.engine, api.settings, NextPage(query.cursor, ON_A_PAGE))
        elif query.q is not None:
            search_request = query.model_copy(update={"limit": ON_A_PAGE}).request()
            answer, note = find(api.engine, api.settings, search_request)
    except InputError as error:
        if query.cursor is not None:
            raise
        wrong = str(error)
    choices = listing_queries.choices(api.engine)
    values = {
        "section": "search",
        "given": query.model_dump(mode="json", by_alias=True),
        "raw": dict(pairs),
        "answer": answer,
        "note": note and visible_text(note, request.state.caller),
        "wrong": wrong,
        "cuts": _without_page(query) | {"limit": CUTS},
        "meant": [*((n, v) for n, v in pairs if n != "q"), ("q", answer.did_you_mean)]
        if answer and answer.did_you_mean
        else None,
        "more": [*((n, v) for n, v in pairs if n != "cursor"), ("cursor", answer.cursor)]
        if answer and answer.cursor
        else None,
        "choices": choices,
        "libraries": [(name, name) for name in choices.libraries],
        "lengths": LENGTHS,
    }
    return page(request, "search.html", values, 422 if wrong else 200)


def _without_page(query: SearchQuery) -> dict[str, Any]:
    values = query.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {name: value for name, value in values.items() if name not in ("cursor", "limit")}


def _bounds(given: dict[str, str]) -> list[tuple[str, str]]:
    """Turn the form's days and lengths into the API's filters.

    Raises ``InputError``.
    """
    found = []
    try:
        if given.get("from"):
            found.append(("created_from", f"{date.fromisoformat(given['from'])}T00:00:00Z"))
        if given.get("to"):
            following = date.fromisoformat(given["to"]) + timedelta(days=1)
            found.append(("created_to", f"{following}T00:00:00Z"))
    except (ValueError, OverflowError):
        raise InputError("Invalid date; write it like 2026-01-31.") from None
    if given.get("length") in LENGTHS:
        least, _, most = given["length"].partition("-")
        found += [("min_seconds", least), ("max_seconds", most)]
    return found
